/** ICU messages. */
export const welcomeMessages = {} as const;
