import { AppError } from '../../../shared/errors.ts';

/** Encodes the sort key of a page's last row, in characters that are safe in a URL. The format may change. */
export function toCursor(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/**
 * Decodes the sort key from a cursor; `isPlace` recognizes one. Throws `bad_request` for a text that {@link toCursor} cannot have
 * made.
 */
export function fromCursor<Place extends readonly (string | number)[]>(
  cursor: string,
  isPlace: (value: unknown) => value is Place,
): Place {
  const place = parseJson(Buffer.from(cursor, 'base64url').toString());
  // Decoding ignores invalid characters, so only the canonical encoding is accepted.
  if (isPlace(place) && toCursor(place) === cursor) return place;
  throw new AppError('bad_request', 'The cursor is invalid.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
