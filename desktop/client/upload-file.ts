import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { DetailedError, Upload } from 'tus-js-client';
import { type Batch, openConversionSchema } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import { sayShared } from '../../shared/words/say.ts';
import { sourceError } from '../../shared/words/system-failures.ts';
import type { ResumableSubmission, SourceFile } from './backend.ts';
import { conversionPath } from './conversion-paths.ts';
import { keepTrying, longestRetryAfterSeconds, pauseFor, pausesSeconds } from './keep-trying.ts';
import { notSoundlift, refusal, unreachable } from './server-http.ts';
import type { ServerSession } from './server-session.ts';
import { type UploadPiece, uploadRequests } from './upload-requests.ts';

const uploadsPath = '/api/v1/uploads';
const resumable = { 'Tus-Resumable': '1.0.0' };

/** Large enough that the cost of a request does not matter, and small enough for proxies that limit requests. */
const requestBytes = 64 * 1024 * 1024;
/** Keeps reads few for a large file, and memory low for several files at once. */
const readBytes = 256 * 1024;

export interface UploadRequest {
  readonly session: ServerSession;
  readonly file: SourceFile;
  readonly options: OutputOptions;
  readonly batch: Batch | undefined;
  readonly resumable: ResumableSubmission | undefined;
  readonly signal: AbortSignal;
  /** Called with the fraction (0–1) of bytes sent. */
  readonly onSent: (fraction: number) => void;
}

/**
 * Uploads a file. If the connection breaks, the upload resumes from what the server has. Resolves with the conversion's id once the
 * server has acknowledged the whole file. If this throws and the upload is not resumable, it is deleted; if the server cannot be reached
 * for that, the upload expires there. Throws `source_missing`, `source_unreadable`, the server's refusal, `unavailable`, or the signal's reason.
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
    // After a refusal, resuming would be refused again.
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

/** The upload of an earlier try, if the server still has it and it is of this file. */
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
    // The file has changed since.
    await takeBack(session, id);
  } catch (error) {
    if (!isAppError(error, 'not_found', 'gone')) throw error;
  }
  return undefined;
}

async function begin(request: UploadRequest): Promise<BegunUpload> {
  // The signal does not interrupt this: without the id, a new upload could not be deleted.
  const id = await create(request);
  await request.resumable?.onBegun(id);
  return { id, isSent: false };
}

/** A file read through one handle, so that renaming or replacing it has no effect. */
interface UnchangedFile extends AsyncDisposable {
  /** Throws `source_unreadable` if the file has changed since it was opened. */
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

  // Each read names its position, so that an abandoned piece does not disturb the next one.
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
  return new AppError('source_unreadable', sayShared('failSourceChanged'));
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
  /** The token of the latest request. It is renewed if that request was refused. */
  let token = '';
  /** The server wants no request before this time, by `performance.now()`. */
  let notBefore = 0;
  // The library needs some input. Our `fileReader` reads the file.
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

/** The wait that a server asks for with 423, 429 or 503, in seconds, at most `longestRetryAfterSeconds`. */
function retryAfterSeconds(header: string | undefined): number {
  const seconds = Number(header ?? 0);
  return seconds > 0 ? Math.min(seconds, longestRetryAfterSeconds) : 0;
}

/** Whether a retry may help: not after a refusal, except for another writer, a rate limit or a renewed token. */
function willPass({ originalResponse, causingError }: DetailedError): boolean {
  // Our own error: the file has changed, or the person must sign in.
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
  // If the server cannot be reached, the upload expires there.
  await session.ask({ method: 'DELETE', path: conversionPath(id) }).catch(() => undefined);
}
