/** A part of a file: bytes `start` to `end`, both counted from 0, `end` not included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the `Range` header of a request for something that is `bytes` long (RFC 9110, section 14.2). `whole` when there is no header, or
 * one that a server may ignore: another unit, several ranges, bad syntax. `unsatisfiable` when the range begins behind the end.
 */
export function parseByteRange(
  header: string | null | undefined,
  bytes: number,
): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=([0-9]*)-([0-9]*)$/i.exec((header ?? '').replaceAll(/[ \t]/g, ''));
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return 'whole';
  if (first === '') {
    const suffix = Math.min(Number(last), bytes);
    return suffix === 0 ? 'unsatisfiable' : { start: bytes - suffix, end: bytes };
  }
  const start = Number(first);
  const end = last === '' ? bytes : Math.min(Number(last) + 1, bytes);
  if (last !== '' && Number(last) < start) return 'whole';
  return start >= bytes ? 'unsatisfiable' : { start, end };
}

/** Whether a list of entity tags such as `If-None-Match` contains `tag`, quotes included. Compares weakly (RFC 9110, section 13.1.2). */
export function listsTag(header: string, tag: string): boolean {
  return header.split(',').some((item) => {
    const listed = item.trim();
    return listed === '*' || listed.replace(/^W\//, '') === tag;
  });
}
