import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';

/** A line on which nothing moves for so long is broken, whatever the system thinks of it. */
const idleSeconds = 45;
/** Answers of an upload have no body, or a problem. */
const maxAnswerBytes = 64 * 1024;

/**
 * How the upload library asks: as its own stack does, but it notices when a connection stands still, when an answer breaks off, and
 * when the file cannot be read; any of these makes that stack wait for ever, or ends the process.
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
        sent = start(url, { method, headers: { ...headers, ...lengthOf(body) }, signal: stopped.signal });
        return await exchange(sent, body, onProgress);
      },
      async abort() {
        stopped.abort();
      },
      getUnderlyingObject: () => sent,
    } satisfies HttpRequest;
  },
};

/** A piece of a file, and how long it is; the library hands it on as it is. */
export interface UploadPiece {
  readonly stream: Readable;
  readonly size: number;
}

function isPiece(body: unknown): body is UploadPiece {
  return typeof body === 'object' && body !== null && 'stream' in body && body.stream instanceof Readable;
}

function lengthOf(body: unknown): Readonly<Record<string, string>> {
  return { 'Content-Length': isPiece(body) ? String(body.size) : '0' };
}

async function exchange(
  request: ClientRequest,
  body: unknown,
  onProgress: (bytes: number) => void,
): Promise<HttpResponse> {
  request.setTimeout(idleSeconds * 1000, () => request.destroy(new Error('the connection stands still')));
  // Heard below as well; here so that none goes unheard once the answer is there.
  request.on('error', () => undefined);
  const answered: Promise<readonly IncomingMessage[]> = once(request, 'response');
  answered.catch(() => undefined);
  if (isPiece(body)) {
    const sending = pipeline(body.stream, counter(onProgress), request);
    // A server may answer before it has all, and mean it; what breaks off without an answer is told by the request.
    await Promise.race([sending, answered]);
    sending.catch(() => undefined);
  } else {
    request.end();
  }
  const [response] = await answered;
  if (response === undefined) throw new Error('there is no answer');
  const text = await readText(response);
  // What a server has refused need not be sent to its end.
  if (!request.writableFinished) request.destroy();
  return toResponse(response, text);
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
