/*
 * File names, track titles and server messages may contain anything. On a terminal, control characters can move the cursor, set the
 * title or type for the person. In text, they can make one file look like another.
 */

/** Control characters, and Unicode's bidirectional controls, which change the direction of the text around them. */
const harmful = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Makes text safe for one line of a terminal: a control character is shown as `\n` or `\u{1b}`. */
export function harmless(text: string): string {
  return text.toWellFormed().replace(harmful, (one) => named[one] ?? `\\u{${codeOf(one)}}`);
}

/** The same for a line of JSON, without changing its meaning. JSON itself escapes only the first 32 control characters. */
export function harmlessJson(value: unknown): string {
  return JSON.stringify(value).replace(harmful, (one) => `\\u${codeOf(one).padStart(4, '0')}`);
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16);
}

/** Made on first use, because that is slow. */
let segmenter: Intl.Segmenter | undefined;

function characters(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter();
  return segmenter.segment(text);
}

const wide =
  /\p{Emoji_Presentation}|\ufe0f|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const withoutWidth = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** The columns that a text takes on a terminal: 2 for East Asian characters and emoji, 0 for combining characters. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of characters(text)) width += segmentWidth(segment);
  return width;
}

function segmentWidth(segment: string): number {
  if (withoutWidth.test(segment)) return 0;
  return wide.test(segment) ? 2 : 1;
}

/** Cuts text to at most `columns` columns and UTF-16 units, never within a character. `…` stands for what is cut. */
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
