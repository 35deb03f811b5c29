/** Joins messages to one text. Each becomes a sentence, and repeated ones are dropped. */
export function joinMessages(messages: readonly string[]): string {
  const each = [...new Set(messages)];
  return each
    .map((message, index) => (index < each.length - 1 && !/[.!?…]$/u.test(message) ? `${message}.` : message))
    .join(' ');
}
