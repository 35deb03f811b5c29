import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';

/** A connection that moves no data for this long is treated as broken. */
const idleSeconds = 45;
/** Some proxies do not say that the body may come. Then it is sent after this time. curl waits as long. */
const continueSeconds = 1;
/** The answer to an upload request has an empty body or a small problem. */
const maxAnswerBytes = 64 * 1024;

/**
 * The HTTP stack of the upload library. Unlike the library's own, it notices when a connection stalls, when an answer breaks off and when
 * the file cannot be read. In these cases the library's own stack waits forever or ends the process.
 */
export const uploadRequests: HttpStack = {
  getName: () => 'soundlift',
  createRequest(method, url) {
    const headers: Record<string, string> = {};
    const stopped = new AbortController();
    let sent: ClientRequest | undefined;
    let onProgress = (_bytes: number): void => {};
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader(name, value) {
        headers[name] = value;
      },
      getHeader: (name) => headers[name],
      setProgressHandler(handler) {
        onProgress = handler;
      },
      async send(body: unknown) {
        const start = url.startsWith('https:') ? httpsRequest : httpRequest;
        sent = start(url, { method, headers: { ...headers, ...headersFor(body) }, signal: stopped.signal });
        return await exchange(sent, body, onProgress);
      },
      async abort() {
        stopped.abort();
      },
      getUnderlyingObject: () => sent,
    } satisfies HttpRequest;
  },
};

/** A piece of a file with its size in bytes. The library passes it on unchanged. */
export interface UploadPiece {
  readonly stream: Readable;
  readonly size: number;
}

function isPiece(body: unknown): body is UploadPiece {
  return typeof body === 'object' && body !== null && 'stream' in body && body.stream instanceof Readable;
}

/**
 * A piece is sent only once the server wants it. Otherwise a proxy that refuses its size may close the connection while it is being sent,
 * and the refusal would be lost.
 */
function headersFor(body: unknown): Readonly<Record<string, string>> {
  return isPiece(body) ? { 'Content-Length': String(body.size), Expect: '100-continue' } : { 'Content-Length': '0' };
}

async function exchange(
  request: ClientRequest,
  body: unknown,
  onProgress: (bytes: number) => void,
): Promise<HttpResponse> {
  request.setTimeout(idleSeconds * 1000, () => request.destroy(new Error('the connection stalled')));
  // Errors are also handled below. This listener catches those that come after the answer.
  request.on('error', () => undefined);
  const answered: Promise<readonly IncomingMessage[]> = once(request, 'response');
  answered.catch(() => undefined);
  if (isPiece(body)) {
    if (await isWanted(request, answered)) {
      const sending = pipeline(body.stream, counter(onProgress), request);
      // A server may answer, for example with a refusal, before it has everything. If there is no answer, the request reports the error.
      await Promise.race([sending, answered]);
      sending.catch(() => undefined);
    }
  } else {
    request.end();
  }
  const [response] = await answered;
  if (response === undefined) throw new Error('no answer');
  const text = await readText(response);
  // The server has answered early. The rest need not be sent.
  if (!request.writableFinished) request.destroy();
  return toResponse(response, text);
}

/** False if the server has answered without the body. Throws if the connection breaks. */
async function isWanted(request: ClientRequest, answered: Promise<unknown>): Promise<boolean> {
  const { promise: wanted, resolve } = Promise.withResolvers<true>();
  const timer = setTimeout(resolve, continueSeconds * 1000, true);
  request.once('continue', () => resolve(true));
  try {
    return await Promise.race([wanted, answered.then(() => false)]);
  } finally {
    clearTimeout(timer);
  }
}

function counter(onProgress: (bytes: number) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      onProgress(bytes);
      done(null, chunk);
    },
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  const chunks: AsyncIterable<Buffer> = response;
  for await (const piece of chunks) {
    bytes += piece.byteLength;
    if (bytes > maxAnswerBytes) break;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function toResponse(response: IncomingMessage, text: string): HttpResponse {
  return {
    getStatus: () => response.statusCode ?? 0,
    getHeader(name) {
      const value = response.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    getBody: () => text,
    getUnderlyingObject: () => response,
  };
}
