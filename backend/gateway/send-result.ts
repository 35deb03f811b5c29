import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Result } from '../../shared/api.ts';
import { allowsTag, type ByteRange, listsTag, parseByteRange } from '../../shared/byte-range.ts';
import { AppError } from '../../shared/errors.ts';
import type { OwnedConversions } from '../conversions/owned-conversions.ts';
import type { Operation } from '../http/operation.ts';
import type { AccountCall } from '../http/routes.ts';

/** A client that reads nothing for this long is given up. It can resume with a range request. */
const idleSeconds = 300;

const rangeHeadersSchema = z.object({
  Range: z.string().optional(),
  'If-Range': z.string().optional(),
  'If-Match': z.string().optional(),
  'If-None-Match': z.string().optional(),
});
const mp3 = { contentType: 'audio/mpeg' };
const fileHeaders = {
  ETag: 'A tag that changes only if the file changes.',
  'Content-Disposition': 'An attachment with the name of the file (RFC 6266).',
};

/** The description of a route that answers with {@link sendResult}. */
export function resultOperation(summary: string, query?: z.ZodObject): Operation {
  return {
    summary,
    ...(query === undefined ? {} : { query }),
    headers: rangeHeadersSchema,
    answers: {
      200: { description: 'The MP3.', body: mp3, headers: fileHeaders },
      206: {
        description: 'The requested range of the MP3.',
        body: mp3,
        headers: { ...fileHeaders, 'Content-Range': 'The range and the total size in bytes.' },
      },
      304: { description: 'The client already has the MP3.', headers: { ETag: fileHeaders.ETag } },
    },
    problems: ['not_found', 'wrong_state', 'gone', 'wrong_version', 'range_not_satisfiable'],
  };
}

/** Answers with a finished MP3 as an attachment, or with the requested range of it. */
export async function sendResult(call: AccountCall, conversions: OwnedConversions, id: string): Promise<void> {
  const { request, response, signal, identity } = call;
  const result = await conversions.result(identity.accountId, id);
  const tag = `"${result.sha256}"`;
  response.set({ ETag: tag, 'Accept-Ranges': 'bytes', 'Cache-Control': 'private, no-cache' });

  const { 'if-match': wantedTags, 'if-none-match': knownTags } = request.headers;
  if (!allowsTag(wantedTags, tag))
    throw new AppError('wrong_version', 'The MP3 is not the one that If-Match asks for.');
  if (knownTags !== undefined && listsTag(knownTags, tag)) {
    response.status(304).end();
    return;
  }
  const range = rangeOf(call, result, tag);
  const stream =
    request.method === 'HEAD' ? undefined : await conversions.openResult(identity.accountId, id, range, signal);
  describe(call, result, range);
  if (stream === undefined) {
    response.end();
    return;
  }
  response.setTimeout(idleSeconds * 1000, () => response.destroy());
  try {
    await pipeline(stream, response, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function rangeOf({ request, response }: AccountCall, result: Result, tag: string): ByteRange | undefined {
  const { range: header, 'if-range': onlyOf } = request.headers;
  // Ranges apply only to GET, and only if the client has the rest of the same file (RFC 9110, sections 14.2 and
  // 13.1.5).
  if (request.method !== 'GET' || (onlyOf !== undefined && onlyOf !== tag)) return undefined;
  const range = parseByteRange(header, result.bytes);
  if (range === 'unsatisfiable') {
    response.set('Content-Range', `bytes */${result.bytes}`);
    throw new AppError('range_not_satisfiable', 'The requested range is beyond the end of the MP3.', {
      details: { bytes: result.bytes },
    });
  }
  return range === 'whole' ? undefined : range;
}

function describe({ response }: AccountCall, result: Result, range: ByteRange | undefined): void {
  response.attachment(result.fileName.toWellFormed());
  response.set({ 'Content-Type': 'audio/mpeg', 'Content-Length': String(result.bytes) });
  if (range === undefined) return;
  response.status(206).set({
    'Content-Length': String(range.end - range.start),
    'Content-Range': `bytes ${range.start}-${range.end - 1}/${result.bytes}`,
  });
}
