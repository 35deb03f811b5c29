import type { z } from 'zod';
import { AppError } from '../../../shared/errors.ts';

/** The place of a page's last row in its order, in letters that a URL takes and that promise nothing. */
export function toCursor(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The place that a cursor stands for. Throws `bad_request` for what {@link toCursor} cannot have made. */
export function fromCursor<Position extends readonly (string | number)[]>(
  cursor: string,
  schema: z.ZodType<Position>,
): Position {
  const place = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  // Decoding overlooks letters that do not belong: only the one spelling counts.
  if (place.success && toCursor(place.data) === cursor) return place.data;
  throw new AppError('bad_request', 'The cursor is not one that was given out.');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
