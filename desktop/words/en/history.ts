/** ICU messages. */
export const historyMessages = {} as const;
