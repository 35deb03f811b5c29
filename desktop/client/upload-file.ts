import { randomUUID } from 'node:crypto';
import { DetailedError, Upload } from 'tus-js-client';
import { type Batch, openConversionSchema } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { type FileVersion, isSameVersion } from '../../shared/file-version.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import { failureSentence } from '../../shared/words/failure-sentence.ts';
import type { BegunUpload, ResumableSubmission, SourceFile } from './backend.ts';
import { conversionPath } from './conversion-paths.ts';
import { keepTrying, longestRetryAfterSeconds, pauseFor, pausesSeconds } from './keep-trying.ts';
import { isProxyLimit, notSoundlift, refusal, unreachable } from './server-http.ts';
import type { ServerSession } from './server-session.ts';
import { openUnchanged, type UnchangedFile, untilAtRest } from './unchanged-file.ts';
import { uploadRequests } from './upload-requests.ts';

const uploadsPath = '/api/v1/uploads';
const protocol = { 'Tus-Resumable': '1.0.0' };

/** Large enough that the cost of a request does not matter, and small enough for most proxies that limit requests. */
const mostRequestBytes = 64 * 1024 * 1024;
/** A proxy that refuses even requests of this size cannot be used. */
const leastRequestBytes = 64 * 1024;
/** The size of requests that a proxy before the server has not refused so far, by the server's address. */
const acceptedBytes = new Map<string, number>();
/** How often an upload starts over because its file has changed. */
const maxChanges = 5;

export interface UploadRequest {
  readonly session: ServerSession;
  readonly file: SourceFile;
  readonly options: OutputOptions;
  readonly batch: Batch | undefined;
  readonly resumable: ResumableSubmission | undefined;
  readonly signal: AbortSignal;
  /** The server's limit. */
  readonly maxUploadBytes: number;
  /** Called with the fraction (0–1) of bytes sent. */
  readonly onSent: (fraction: number) => void;
}

/**
 * Uploads a file as it is now. If the connection breaks, the upload resumes from what the server has. If the file changes meanwhile, it
 * starts over. Resolves with the conversion's id once the server has acknowledged the whole file. If this throws and the upload is not
 * resumable, it is deleted; if the server cannot be reached for that, the upload expires there. Throws `source_missing`,
 * `source_unreadable`, `too_large`, the server's refusal, `unavailable`, or the signal's reason.
 */
export async function uploadFile(request: UploadRequest): Promise<string> {
  const { file, signal } = request;
  let earlier: EarlierTry = request.resumable ?? {};
  for (let changes = 0; ; changes += 1) {
    await using opened = await openUnchanged(file.path, signal);
    try {
      return await uploadVersion(opened, earlier, request);
    } catch (error) {
      if (!opened.hasChanged || changes >= maxChanges) throw error;
    }
    earlier = {};
    await untilAtRest(file.path, signal);
  }
}

/** What an earlier try has stored. */
type EarlierTry = Pick<ResumableSubmission, 'id' | 'upload'>;

async function uploadVersion(opened: UnchangedFile, earlier: EarlierTry, request: UploadRequest): Promise<string> {
  const { session, signal, resumable } = request;
  requireFits(opened.version, request);
  const { id, isSent } =
    (await resume(opened.version, earlier, request)) ?? (await begin(opened.version, earlier, request));
  try {
    signal.throwIfAborted();
    if (!isSent) await send(uploadUrl(session, id), opened, request);
    return id;
  } catch (error) {
    // After a refusal, resuming would be refused again.
    if (opened.hasChanged && !signal.aborted) await removeOldVersion(session, id, signal);
    else if (resumable === undefined || !(signal.aborted || isAppError(error, 'unavailable', 'unauthorized'))) {
      await takeBack(session, id);
    }
    signal.throwIfAborted();
    throw error;
  }
}

function requireFits({ bytes }: FileVersion, { session, maxUploadBytes }: UploadRequest): void {
  if (bytes <= maxUploadBytes) return;
  const details = { limitBytes: maxUploadBytes };
  throw new AppError('too_large', failureSentence({ code: 'too_large', details }, session.http.host), { details });
}

function uploadUrl({ http }: ServerSession, id: string): string {
  return `${http.url}${uploadsPath}/${encodeURIComponent(id)}`;
}

/** An upload that the server knows of. */
interface KnownUpload {
  readonly id: string;
  /** Whether the server has all of it. */
  readonly isSent: boolean;
}

/** The upload of an earlier try, if the server still has it and it is of this version of the file. Otherwise it is removed there. */
async function resume(
  version: FileVersion,
  { id, upload }: EarlierTry,
  { session, signal }: UploadRequest,
): Promise<KnownUpload | undefined> {
  if (id === undefined) return undefined;
  try {
    const { state, sourceBytes } = await keepTrying(
      async () => await session.askFor(openConversionSchema, { method: 'GET', path: conversionPath(id) }),
      signal,
    );
    const isSent = state !== 'uploading';
    // An earlier version of this program did not store the version of the file.
    const isSame =
      upload === undefined ? isSent && sourceBytes === version.bytes : isSameVersion(upload.version, version);
    if (isSame) return { id, isSent };
    await removeOldVersion(session, id, signal);
  } catch (error) {
    if (!isAppError(error, 'not_found', 'gone')) throw error;
  }
  return undefined;
}

async function removeOldVersion(session: ServerSession, id: string, signal: AbortSignal): Promise<void> {
  await keepTrying(async () => await session.ask({ method: 'DELETE', path: conversionPath(id) }), signal);
}

/** Creates the upload. If an earlier try was about to do so, its key is used again: the server may have created it already. */
async function begin(version: FileVersion, earlier: EarlierTry, request: UploadRequest): Promise<KnownUpload> {
  const { id: knownId, upload } = earlier;
  if (knownId === undefined && upload !== undefined) {
    const id = await createAgain(upload, request);
    if (id !== undefined && isSameVersion(upload.version, version)) return await begun(id, request);
    if (id !== undefined) await takeBack(request.session, id);
  }
  const fresh = { key: randomUUID(), version };
  await request.resumable?.onUpload?.(fresh);
  return await begun(await create(fresh, request), request);
}

async function begun(id: string, { resumable }: UploadRequest): Promise<KnownUpload> {
  await resumable?.onBegun(id);
  return { id, isSent: false };
}

/** Undefined if the upload with this key was removed in the meantime, or is not of this request. */
async function createAgain(upload: BegunUpload, request: UploadRequest): Promise<string | undefined> {
  try {
    return await create(upload, request);
  } catch (error) {
    if (isAppError(error, 'gone', 'taken')) return undefined;
    throw error;
  }
}

async function create({ key, version }: BegunUpload, request: UploadRequest): Promise<string> {
  const { session, file, options, batch, signal, resumable } = request;
  const metadata = { filename: file.fileName, options: JSON.stringify(options), ...batchMetadata(batch), key };
  const headers = {
    ...protocol,
    'Upload-Length': String(version.bytes),
    'Upload-Metadata': Object.entries(metadata)
      .map(([name, value]) => `${name} ${Buffer.from(value.toWellFormed()).toString('base64')}`)
      .join(','),
  };
  // The signal does not interrupt this: without the id, a new upload could not be deleted.
  const ask = async () => await session.ask({ method: 'POST', path: uploadsPath, headers });
  const answer = await keepTrying(ask, signal).catch(async (error: unknown) => {
    const isGivenUp = resumable === undefined || resumable.isGivenUp?.() === true;
    if (!signal.aborted || !isGivenUp) throw error;
    // An answer may have been lost. The upload must be known to be deleted.
    return await ask().catch(() => {
      throw error;
    });
  });
  const id = answer.headers['x-conversion-id'];
  if (typeof id !== 'string' || id === '') throw notSoundlift(session.http.host);
  return id;
}

function batchMetadata(batch: Batch | undefined): Readonly<Record<string, string>> {
  if (batch === undefined) return {};
  const { batchId, batchSize } = batch;
  return { batchId, ...(batchSize === undefined ? {} : { batchSize: String(batchSize) }) };
}

/** Sends the rest of the file. Halves the requests that a proxy before the server refuses for their size. */
async function send(url: string, opened: UnchangedFile, request: UploadRequest): Promise<void> {
  const server = request.session.http.url;
  for (;;) {
    const requestBytes = Math.min(acceptedBytes.get(server) ?? mostRequestBytes, Math.max(opened.version.bytes, 1));
    try {
      return await sendInRequests(requestBytes, url, opened, request);
    } catch (error) {
      if (!isProxyLimit(error)) throw error;
      // Another upload may have halved them further.
      const half = Math.min(Math.ceil(requestBytes / 2), acceptedBytes.get(server) ?? mostRequestBytes);
      if (requestBytes <= leastRequestBytes) throw error;
      acceptedBytes.set(server, half);
    }
  }
}

/** Throws once a request is refused, or has failed too often. */
async function sendInRequests(
  requestBytes: number,
  url: string,
  opened: UnchangedFile,
  request: UploadRequest,
): Promise<void> {
  const { session, signal, onSent } = request;
  const { bytes } = opened.version;
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
        size: bytes,
        async slice(start, end) {
          const value = await opened.read(start, end);
          return { value, done: start + value.size >= bytes };
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
