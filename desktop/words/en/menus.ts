/** ICU messages. */
export const menusMessages = {} as const;
