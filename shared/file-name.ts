/** The maximum length of a file name: 255 bytes of UTF-8 on Linux (NAME_MAX) and macOS (APFS), 255 UTF-16 units on Windows (NTFS). */
const maxNameLength = 255;
/** A longer text after the last dot of a name is not an extension. */
const maxExtensionLength = 16;

const encoder = new TextEncoder();

function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

/**
 * A file name that is not too long: cut before its extension and `addition`, which is put before the extension. `lengthOf` measures
 * what file systems limit; by default, bytes of UTF-8.
 */
export function cutFileName(name: string, addition = '', lengthOf: (text: string) => number = utf8Bytes): string {
  const dot = name.lastIndexOf('.');
  const hasExtension = dot > 0 && name.length - dot <= maxExtensionLength;
  const stem = hasExtension ? name.slice(0, dot) : name;
  const ending = `${addition}${hasExtension ? name.slice(dot) : ''}`;
  return cutTo(stem, maxNameLength - lengthOf(ending), lengthOf) + ending;
}

function cutTo(text: string, limit: number, lengthOf: (text: string) => number): string {
  if (lengthOf(text) <= limit) return text;
  // Between grapheme clusters, so that no emoji is split. A single cluster may be longer than the limit. Every UTF-16 unit counts at
  // least once, so the rest of a long text cannot fit; it would take seconds to split.
  const clusters = Array.from(new Intl.Segmenter().segment(text.slice(0, limit + 1)), ({ segment }) => segment);
  return firstOf(clusters, limit, lengthOf) || firstOf(text, limit, lengthOf);
}

/** As many pieces from the beginning as fit. */
function firstOf(pieces: Iterable<string>, limit: number, lengthOf: (text: string) => number): string {
  let kept = '';
  let length = 0;
  for (const piece of pieces) {
    length += lengthOf(piece);
    if (length > limit) break;
    kept += piece;
  }
  return kept;
}
