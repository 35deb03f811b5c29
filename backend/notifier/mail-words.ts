/** `12 April` in UTC, followed by the year if that is not the year of `now`. */
export function dayWords(day: Date, now: Date): string {
  const otherYear = day.getUTCFullYear() !== now.getUTCFullYear();
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'long',
    ...(otherYear ? { year: 'numeric' } : {}),
    timeZone: 'UTC',
  }).format(day);
}

export function countWords(count: number): string {
  return new Intl.NumberFormat('en').format(count);
}

/**
 * Puts text on one line, and removes the Unicode characters that embed or override a direction (UAX #9), because they could
 * reverse the text that follows. Letters keep their own direction.
 */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll(/[\u202A-\u202E\u2066-\u2069]/gu, '')
    .trim();
}
