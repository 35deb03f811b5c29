/** ICU messages. */
export const tellingMessages = {} as const;
