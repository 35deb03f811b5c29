/** The highest integer that every store can hold. Node passes numbers to SQLite as REAL, which it makes integers only below 2^51. */
export const highestInteger = 2 ** 51 - 1;

/** Whether every store can hold `value` as an integer. */
export function isStorableInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= highestInteger;
}
