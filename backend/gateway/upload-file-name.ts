/** What the common file systems take for one name. */
const maxNameBytes = 255;
/** For a video whose client gave no name that is one. */
const nameless = 'video';

/** Control characters, NUL among them, and those that turn the direction of writing: with them `exe.4pm` reads `mp4.exe`. */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The name of an uploaded video as it is kept: the last part of the path that the client gave, without what cannot be shown, at
 * most 255 bytes of UTF-8, its extension kept.
 */
export function cleanFileName(given: string): string {
  // How browsers and curl write a quotation mark in a form (WHATWG HTML, "multipart/form-data encoding algorithm").
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

/** Whole characters only. */
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
