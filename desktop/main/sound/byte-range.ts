/** Bytes of a file, both ends included. */
export interface Bytes {
  readonly first: number;
  readonly last: number;
}

/**
 * What a `Range` header asks for of a file of `size` bytes: undefined for all of it, also where the header is none that we know (RFC 9110
 * lets it be passed over); `unsatisfiable` where it begins behind the end.
 */
export function readRange(header: string | null, size: number): Bytes | undefined | 'unsatisfiable' {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) return undefined;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  if (first >= size) return 'unsatisfiable';
  if (to === '') return { first, last: size - 1 };
  const last = Math.min(Number(to), size - 1);
  return last < first ? undefined : { first, last };
}
