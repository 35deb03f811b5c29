import type { ByteRange } from '../ports/blob-store.ts';

/**
 * What a `Range` header asks of something of `bytes` (RFC 9110, section 14.2): one range, `whole` when there is none or one that
 * need not be understood (another unit, several ranges, bad syntax), or `unsatisfiable`.
 */
export function parseByteRange(header: string | undefined, bytes: number): ByteRange | 'whole' | 'unsatisfiable' {
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

/** Whether a list such as `If-None-Match` has (RFC 9110, section 13.1.2: compared weakly) this entity tag, quotes included. */
export function listsTag(header: string, tag: string): boolean {
  return header.split(',').some((item) => {
    const listed = item.trim();
    return listed === '*' || listed.replace(/^W\//, '') === tag;
  });
}
