/*
 * Names of files, titles of tracks and what a server says may hold anything. On a terminal, control characters move the cursor,
 * set its title or type for the person; in a line of text they make one file look like another.
 */

/** Control characters, and those that turn the direction of what stands around them (Unicode's bidirectional controls). */
const harmful = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** For one line of a terminal: what would do something is shown as `\n` or `\u{1b}` and does nothing. */
export function harmless(text: string): string {
  return text.toWellFormed().replace(harmful, (one) => named[one] ?? `\\u{${codeOf(one)}}`);
}

/** The same for a line of JSON, which keeps its meaning. JSON itself escapes only the first 32 of them. */
export function harmlessJson(value: unknown): string {
  return JSON.stringify(value).replace(harmful, (one) => `\\u${codeOf(one).padStart(4, '0')}`);
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16);
}

/** Made when it is first needed: that takes longer than all else here. */
let segmenter: Intl.Segmenter | undefined;

function characters(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter();
  return segmenter.segment(text);
}

const wide =
  /\p{Emoji_Presentation}|\ufe0f|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const withoutWidth = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** How many columns of a terminal a text takes: two for East Asian characters and emoji, none for what combines. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of characters(text)) width += segmentWidth(segment);
  return width;
}

function segmentWidth(segment: string): number {
  if (withoutWidth.test(segment)) return 0;
  return wide.test(segment) ? 2 : 1;
}

/** Cuts to at most `columns`, and as many UTF-16 units, with `…` in the place of what is missing. Never within a character. */
export function cutToWidth(text: string, columns: number): string {
  if (text.length <= columns && displayWidth(text) <= columns) return text;
  let kept = '';
  let taken = 0;
  for (const { segment } of characters(text)) {
    taken += Math.max(segmentWidth(segment), segment.length);
    if (taken > columns - 1) break;
    kept += segment;
  }
  return columns > 0 ? `${kept}…` : '';
}
