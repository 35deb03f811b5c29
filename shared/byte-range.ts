/** A range of bytes, counted from 0, from `start` up to but not including `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Parses the `Range` header of a request for a resource of `bytes` bytes (RFC 9110, section 14.2). `whole` if there is
 * no header, or one that a server may ignore: another unit, several ranges, bad syntax. `unsatisfiable` if the range
 * begins after the end.
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

/**
 * Whether the header `If-Match` allows an answer with the entity tag `tag`, which includes its quotes. Compares strongly: a weak tag
 * matches nothing (RFC 9110, section 13.1.1).
 */
export function allowsTag(header: string | undefined, tag: string): boolean {
  return header === undefined || header.split(',').some((item) => ['*', tag].includes(item.trim()));
}

/**
 * Whether a list of entity tags such as `If-None-Match` contains `tag`, which includes its quotes. Compares weakly (RFC
 * 9110, section 13.1.2).
 */
export function listsTag(header: string, tag: string): boolean {
  return header.split(',').some((item) => {
    const listed = item.trim();
    return listed === '*' || listed.replace(/^W\//, '') === tag;
  });
}
