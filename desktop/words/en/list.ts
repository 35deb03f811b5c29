/** ICU messages. */
export const listMessages = {} as const;
