import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { AppError } from '../../shared/errors.ts';
import type { Upload } from '../conversions/video-intake.ts';
import { readBody } from '../http/request-body.ts';
import { cleanFileName } from './upload-file-name.ts';

export interface MultipartOptions {
  /** Of the file. */
  readonly maxBytes: number;
  /** How long a client may send nothing while it is waited for. */
  readonly idleSeconds: number;
  readonly signal: AbortSignal;
}

/** Stores the file's bytes. Must throw, and leave nothing behind, when the source breaks off or the signal fires. */
export type StoreFile = (fileName: string, source: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<Upload>;

const partName = 'file';

/** Other fields of the form are read past, as the system that we grow out of did; so they are kept few and small. */
const formLimits = { files: 1, fields: 20, parts: 21, fieldSize: 64 * 1024, headerPairs: 32, headerSize: 16 * 1024 };

/** What boundaries and headers of parts may add to a file. */
const maxFormBytes = 2 * 1024 * 1024;

/**
 * Streams the one file of a form (RFC 7578) into `store`, and gives its upload once the whole form was read and found right. Nothing
 * is held in memory but what is on its way. When it throws, nothing is left: `bad_request` for anything but exactly one part
 * `file`, `too_large`, `request_timeout`, or what `store` threw.
 */
export async function receiveMultipart(
  request: IncomingMessage,
  response: ServerResponse,
  store: StoreFile,
  { maxBytes, idleSeconds, signal }: MultipartOptions,
): Promise<Upload> {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data *;/i.test(type)) throw notOneFile();
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + maxFormBytes) throw tooLarge(maxBytes);

  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const form = openForm(type);
  let storing: Promise<Upload> | undefined;

  form.on('file', (field, stream, fileName) => {
    // The one who reads it hears of an error; where nobody reads, nobody needs to.
    stream.on('error', () => undefined);
    // A browser sends a nameless file where none was chosen. The declared type of a name is a string; it may be missing.
    const name: string | undefined = fileName;
    if (field !== partName || name === undefined || name === '') {
      failure.abort(notOneFile());
      return;
    }
    storing = store(cleanFileName(name), limited(stream, maxBytes), stop);
    storing.catch((error: unknown) => failure.abort(error));
  });
  for (const event of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) {
    form.on(event, () => failure.abort(notOneFile()));
  }
  form.on('error', (error: unknown) => failure.abort(cutOff(error)));
  // From here on: it finishes at the closing boundary, and the body may go on after that.
  const finished = once(form, 'finish', { signal: stop });
  finished.catch(() => undefined);

  try {
    await readBody(request, response, (chunk) => write(form, chunk, stop), { idleSeconds, signal: stop });
    form.end();
    await finished;
    stop.throwIfAborted();
    if (storing === undefined) throw notOneFile();
    return await storing;
  } catch (error) {
    // Of several things that went wrong the first one is told.
    const reason: unknown = stop.aborted ? stop.reason : error;
    failure.abort(reason);
    const stored = await storing?.catch(() => undefined);
    await stored?.abandon();
    throw reason;
  }
}

function openForm(type: string): BusboyInstance {
  try {
    return Busboy({ headers: { 'content-type': type }, limits: formLimits, preservePath: true });
  } catch (error) {
    throw new AppError('bad_request', 'The form cannot be read: it names no boundary.', { cause: error });
  }
}

/** Undefined when there is room for more; otherwise what the client has to wait for. */
function write(form: BusboyInstance, chunk: Uint8Array, stop: AbortSignal): Promise<void> | undefined {
  if (form.write(chunk)) return undefined;
  return once(form, 'drain', { signal: stop }).then(
    () => undefined,
    (error: unknown) => {
      throw stop.aborted ? stop.reason : error;
    },
  );
}

async function* limited(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

function notOneFile(): AppError {
  return new AppError(
    'bad_request',
    `A form (multipart/form-data) with exactly one file, called “${partName}”, is expected.`,
  );
}

function cutOff(cause: unknown): AppError {
  return new AppError('bad_request', 'The form is broken or was cut off.', { cause });
}

function tooLarge(limitBytes: number): AppError {
  return new AppError('too_large', 'The video is larger than this server takes.', { details: { limitBytes } });
}
