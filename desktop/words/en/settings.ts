/** ICU messages. */
export const settingsMessages = {} as const;
