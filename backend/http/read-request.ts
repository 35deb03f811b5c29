import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { AppError } from '../../shared/errors.ts';
import { hasBody, readBody } from './request-body.ts';

/** Enough for a thousand ids. */
const maxJsonBytes = 128 * 1024;
const jsonIdleSeconds = 15;

/**
 * Reads a JSON body and parses it with `schema`. A missing body counts as `{}`. Throws `unsupported` for another content type,
 * `too_large`, `bad_request` for a body that is not JSON, `invalid` for one that does not fit the schema.
 */
export async function readJson<Schema extends z.ZodType>(
  request: IncomingMessage,
  response: ServerResponse,
  schema: Schema,
): Promise<z.output<Schema>> {
  if (!hasBody(request)) return parseAs(schema, {});
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  if (!/^application\/json *(;|$)/i.test(type) || encoding.toLowerCase() !== 'identity') {
    throw new AppError('unsupported', 'The body must be JSON (Content-Type: application/json), not compressed.');
  }
  // Refused before any of it is read.
  if (Number(request.headers['content-length'] ?? 0) > maxJsonBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  await readBody(
    request,
    response,
    (chunk) => {
      bytes += chunk.byteLength;
      if (bytes > maxJsonBytes) throw tooLarge();
      chunks.push(chunk);
      return undefined;
    },
    { idleSeconds: jsonIdleSeconds },
  );
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new AppError('bad_request', 'The body is not JSON.', { cause: error });
  }
  return parseAs(schema, value);
}

function tooLarge(): AppError {
  return new AppError('too_large', 'The body is too large.', { details: { limitBytes: maxJsonBytes } });
}

/** Parses the query string with `schema`. Throws `invalid`. */
export function readQuery<Schema extends z.ZodType>(
  request: { readonly query: unknown },
  schema: Schema,
): z.output<Schema> {
  return parseAs(schema, request.query);
}

function parseAs<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  throw new AppError('invalid', `${complaints.join('; ')}.`, { cause: parsed.error });
}
