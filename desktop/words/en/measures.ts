/** ICU messages of times and sizes. */
export const measuresMessages = {
  percent: '{percent, number} %',
} as const;
