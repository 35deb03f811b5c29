/** The longest file name that common file systems allow. */
const maxNameBytes = 255;
/** The name of a video whose client gave no usable name. */
const nameless = 'video';

/**
 * Control characters, including NUL, and characters that change the direction of text: with them `exe.4pm` is displayed
 * as `mp4.exe`.
 */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The name under which an uploaded video is kept: the last segment of the path that the client gave, without
 * unprintable characters, at most 255 bytes of UTF-8, with its extension.
 */
export function cleanFileName(given: string): string {
  // Browsers and curl write a quotation mark in a form like this (WHATWG HTML, "multipart/form-data encoding
  // algorithm").
  const written = given.replaceAll('%22', '"');
  const base = written.toWellFormed().split(/[/\\]/).at(-1) ?? '';
  const shown = base.replace(unprintable, '').trim();
  if (/^\.*$/.test(shown)) return nameless;
  return shorten(shown);
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= maxNameBytes) return name;
  const extension = /\.[^.]{1,16}$/u.exec(name)?.[0] ?? '';
  const stem = name.slice(0, name.length - extension.length);
  return truncate(stem, maxNameBytes - Buffer.byteLength(extension)) + extension;
}

/** Cuts between characters, not within one. */
function truncate(text: string, bytes: number): string {
  let kept = '';
  let size = 0;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    kept += character;
  }
  return kept;
}
