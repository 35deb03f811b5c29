import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { DetailedError, Upload } from 'tus-js-client';
import { type Batch, openConversionSchema } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import { sourceError } from '../../shared/words/system-failures.ts';
import type { ResumableSubmission, SourceFile } from './backend.ts';
import { conversionPath } from './conversion-paths.ts';
import { keepTrying, pauseFor, pausesSeconds } from './keep-trying.ts';
import { notSoundlift, refusal, unreachable } from './server-http.ts';
import type { ServerSession } from './server-session.ts';
import { type UploadPiece, uploadRequests } from './upload-requests.ts';

const uploadsPath = '/api/v1/uploads';
const resumable = { 'Tus-Resumable': '1.0.0' };

const longestRetryAfterSeconds = 300;
/** Enough that a request costs nothing, and few enough for the proxies that bound one. */
const requestBytes = 64 * 1024 * 1024;
/** Few reads for a large file, little memory for several at once. */
const readBytes = 256 * 1024;

export interface UploadRequest {
  readonly session: ServerSession;
  readonly file: SourceFile;
  readonly options: OutputOptions;
  readonly batch: Batch | undefined;
  readonly resumable: ResumableSubmission | undefined;
  readonly signal: AbortSignal;
  /** Called with the fraction 0–1 of the bytes that were sent. */
  readonly onSent: (fraction: number) => void;
}

/**
 * Sends a file; where the connection breaks, it goes on from what the server has. Resolves with the conversion's id once the server has
 * acknowledged all of it. When it throws, the upload is taken back as far as the server can be reached, unless it is resumable: otherwise
 * the server forgets it by itself. Throws `source_missing` and `source_unreadable`, what the server refuses with, `unavailable`, and the signal's reason.
 */
export async function uploadFile(request: UploadRequest): Promise<string> {
  const { session, file, signal, resumable } = request;
  await using opened = await openUnchanged(file);
  const { id, isSent } = (await earlier(request)) ?? (await begin(request));
  try {
    signal.throwIfAborted();
    if (!isSent) await send(uploadUrl(session, id), opened, request);
    return id;
  } catch (error) {
    // A refusal will not be another one the next time.
    if (resumable === undefined || !(signal.aborted || isAppError(error, 'unavailable', 'unauthorized'))) {
      await takeBack(session, id);
    }
    signal.throwIfAborted();
    throw error;
  }
}

function uploadUrl({ http }: ServerSession, id: string): string {
  return `${http.url}${uploadsPath}/${encodeURIComponent(id)}`;
}

/** An upload that the server knows of. */
interface BegunUpload {
  readonly id: string;
  /** Whether the server has all of it. */
  readonly isSent: boolean;
}

/** What came of the try before, where the server still has it, and it is of this file. */
async function earlier({ session, file, signal, resumable }: UploadRequest): Promise<BegunUpload | undefined> {
  const id = resumable?.id;
  if (id === undefined) return undefined;
  const path = conversionPath(id);
  try {
    const conversion = await keepTrying(
      async () => await session.askFor(openConversionSchema, { method: 'GET', path }),
      signal,
    );
    if (conversion.sourceBytes === file.bytes) return { id, isSent: conversion.state !== 'uploading' };
    // The file is another one by now.
    await takeBack(session, id);
  } catch (error) {
    if (!isAppError(error, 'not_found', 'gone')) throw error;
  }
  return undefined;
}

async function begin(request: UploadRequest): Promise<BegunUpload> {
  // Not broken off by the signal: an upload that was begun unseen could not be taken back.
  const id = await create(request);
  await request.resumable?.onBegun(id);
  return { id, isSent: false };
}

/** A file that is read from one handle: whatever happens to its name meanwhile. */
interface UnchangedFile extends AsyncDisposable {
  /** Throws `source_unreadable` where it is not the file any more that it was. */
  read(start: number, end: number): Promise<UploadPiece>;
}

async function openUnchanged({ path, bytes }: SourceFile): Promise<UnchangedFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw sourceError(error);
  }
  const { mtimeMs } = await handle.stat();

  // Positions are given with each read, so that a piece that was given up disturbs no other.
  async function* bytesFrom(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let position = start; position < end; ) {
      const buffer = Buffer.allocUnsafe(Math.min(readBytes, end - position));
      const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, position).catch((error: unknown) => {
        throw sourceError(error);
      });
      if (bytesRead === 0) throw changed();
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  return {
    async read(start, end) {
      const now = await handle.stat();
      if (now.size !== bytes || now.mtimeMs !== mtimeMs) throw changed();
      const last = Math.min(end, bytes);
      return { stream: Readable.from(bytesFrom(start, last), { objectMode: false }), size: last - start };
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function changed(): AppError {
  return new AppError('source_unreadable', 'The file was changed while it was being sent.');
}

async function create({ session, file, options, batch, signal }: UploadRequest): Promise<string> {
  const metadata = { filename: file.fileName, options: JSON.stringify(options), ...batchMetadata(batch) };
  const headers = {
    ...resumable,
    'Upload-Length': String(file.bytes),
    'Upload-Metadata': Object.entries(metadata)
      .map(([name, value]) => `${name} ${Buffer.from(value.toWellFormed()).toString('base64')}`)
      .join(','),
  };
  const answer = await keepTrying(
    async () => await session.ask({ method: 'POST', path: uploadsPath, headers }),
    signal,
  );
  const id = answer.headers['x-conversion-id'];
  if (typeof id !== 'string' || id === '') throw notSoundlift(session.http.host);
  return id;
}

function batchMetadata(batch: Batch | undefined): Readonly<Record<string, string>> {
  if (batch === undefined) return {};
  const { batchId, batchSize } = batch;
  return { batchId, ...(batchSize === undefined ? {} : { batchSize: String(batchSize) }) };
}

async function send(url: string, opened: UnchangedFile, request: UploadRequest): Promise<void> {
  const { session, file, signal, onSent } = request;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  /** The token of the latest request; to be renewed where that was refused. */
  let token = '';
  /** Before this, by `performance.now()`, the server wants to hear nothing. */
  let notBefore = 0;
  // The library wants something to read from; our reader knows the file.
  const upload = new Upload(Buffer.alloc(0), {
    uploadUrl: url,
    chunkSize: requestBytes,
    retryDelays: pausesSeconds.map((pause) => pause * 1000),
    storeFingerprintForResuming: false,
    httpStack: uploadRequests,
    fileReader: {
      openFile: async () => ({
        size: file.bytes,
        async slice(start, end) {
          const value = await opened.read(start, end);
          return { value, done: start + value.size >= file.bytes };
        },
        close() {},
      }),
    },
    async onBeforeRequest(sent) {
      await pauseFor((notBefore - performance.now()) / 1000, signal);
      token = await session.token();
      sent.setHeader('Authorization', `Bearer ${token}`);
    },
    async onAfterResponse(_sent, answer) {
      notBefore = performance.now() + retryAfterSeconds(answer.getHeader('Retry-After')) * 1000;
      if (answer.getStatus() === 401) await session.renewed(token);
    },
    onShouldRetry: (error) => willPass(error),
    onProgress: (sentBytes, totalBytes) => onSent(totalBytes === 0 ? 1 : sentBytes / totalBytes),
    onSuccess: () => resolve(),
    onError: (error) => reject(toAppError(error, session.http.host)),
  });
  const stop = (): void => {
    void upload.abort();
    reject(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    upload.start();
    await promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What a server asks for with 423, 429 and 503: in seconds, as ours says it, and within reason. */
function retryAfterSeconds(header: string | undefined): number {
  const seconds = Number(header ?? 0);
  return seconds > 0 ? Math.min(seconds, longestRetryAfterSeconds) : 0;
}

/** Not the refusals, but for those that say to come again: another writer, a wait, a token that was renewed. */
function willPass({ originalResponse, causingError }: DetailedError): boolean {
  // Our own: the file changed, or one has to sign in.
  if (isAppError(causingError)) return isAppError(causingError, 'unavailable', 'too_many');
  const status = originalResponse?.getStatus() ?? 0;
  return status === 0 || [401, 408, 409, 423, 429, 500, 502, 503, 504].includes(status);
}

function toAppError(error: Error, host: string): unknown {
  if (!(error instanceof DetailedError)) return isAppError(error) ? error : unreachable(host, error);
  const { originalResponse: answer, causingError } = error;
  if (answer !== null) return refusal(host, answer.getStatus(), answer.getBody());
  return isAppError(causingError) ? causingError : unreachable(host, causingError ?? error);
}

async function takeBack(session: ServerSession, id: string): Promise<void> {
  // What cannot be told now, the server finds out by itself: an upload that nobody goes on with expires.
  await session.ask({ method: 'DELETE', path: conversionPath(id) }).catch(() => undefined);
}
