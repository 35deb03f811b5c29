import { isUtf8 } from 'node:buffer';
import { cutFileName } from '../../shared/file-name.ts';

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
  return cutFileName(shown);
}

/**
 * The text that a client has sent as bytes. Old programs send Windows-1252, which includes Latin-1, although the standards say UTF-8.
 */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(isUtf8(bytes) ? 'utf-8' : 'windows-1252', { ignoreBOM: true }).decode(bytes);
}
