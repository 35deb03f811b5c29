import type { Request, Response } from 'express';
import type { z } from 'zod';
import { AppError } from '../../shared/errors.ts';
import { smallBodyLimits } from '../client-limits.ts';
import { networkOf } from './client-network.ts';
import { hasBody, readBody } from './request-body.ts';
import { clientOf } from './routes.ts';

/** Enough for a thousand ids. */
const maxJsonBytes = 128 * 1024;

/** The clients of the bodies that this process is receiving, in the order in which they began. */
const arriving = new Map<AbortController, string>();

/**
 * Reads a JSON body and parses it with `schema`. A missing body counts as `{}`. Throws `unsupported` for another content type,
 * `too_large`, `request_timeout`, `bad_request` for a body that is not JSON, `invalid` for one that does not fit the schema, and `too_many` if
 * many bodies that began later are arriving, too.
 */
export async function readJson<Schema extends z.ZodType>(
  request: Request,
  response: Response,
  schema: Schema,
): Promise<z.output<Schema>> {
  if (!hasBody(request)) return parseAs(schema, {});
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  if (!/^application\/json *(;|$)/i.test(type) || encoding.toLowerCase() !== 'identity') {
    throw new AppError('unsupported', 'The body must be JSON (Content-Type: application/json), not compressed.');
  }
  // Refused before any of it is read.
  if (Number(request.headers['content-length'] ?? 0) > maxJsonBytes) throw tooLarge();
  const text = await readText(request, response);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('bad_request', 'The body is not JSON.', { cause: error });
  }
  return parseAs(schema, value);
}

async function readText(request: Request, response: Response): Promise<string> {
  const { idleSeconds, totalSeconds } = smallBodyLimits;
  const giveUp = new AbortController();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  function take(chunk: Uint8Array): undefined {
    bytes += chunk.byteLength;
    if (bytes > maxJsonBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const client = networkOf(clientOf(request));
  arriving.set(giveUp, client);
  giveUpOldest(client);
  try {
    await readBody(request, response, take, { idleSeconds, totalSeconds, signal: giveUp.signal });
  } finally {
    arriving.delete(giveUp);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Makes room for a body of this client that has begun to arrive. */
function giveUpOldest(client: string): void {
  const { perClient, inAll } = smallBodyLimits;
  const ofClient = [...arriving.keys()].filter((other) => arriving.get(other) === client);
  const ofAll = [...arriving.keys()];
  const oldest = ofClient.length > perClient ? ofClient[0] : ofAll.length > inAll ? ofAll[0] : undefined;
  oldest?.abort(new AppError('too_many', 'Too many requests are arriving at once. Try again in a moment.'));
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
