import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Busboy, type BusboyInstance, type Dicer } from '@fastify/busboy';
import { AppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { ReceivedVideo } from '../conversions/video-intake.ts';
import { type ReadBodyOptions, readBody } from '../http/request-body.ts';
import { cleanFileName, decodeText } from './upload-file-name.ts';

export interface MultipartOptions extends ReadBodyOptions {
  /** The most bytes that the file may have. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Throws if there is no space for a file of this many bytes, or of any size if none are given. Called before the body is read. */
  readonly requireRoom: (bytes: number | undefined) => Promise<void>;
}

/** Stores the bytes of the file. If the source fails or the signal fires, it must throw and leave nothing behind. */
export type StoreFile = (
  fileName: string,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
) => Promise<ReceivedVideo>;

const partName = 'file';

/** Other fields are ignored, as in the system that Soundlift grew out of. So they are limited to few and small ones. */
const formLimits = { files: 1, fields: 20, parts: 21, fieldSize: 64 * 1024, headerPairs: 32, headerSize: 16 * 1024 };

/** The most bytes that boundaries and part headers may add to the file. */
const maxFormBytes = 2 * 1024 * 1024;

/**
 * Streams the only file of a form (RFC 7578) into `store`, and returns the video after the whole form was read and is
 * valid. It keeps no more in memory than what is in transit. When it throws, nothing is left: `bad_request` for
 * anything but exactly one part `file`, `too_large`, `request_timeout`, or what `store` threw.
 */
export async function receiveMultipart(
  request: IncomingMessage,
  response: ServerResponse,
  store: StoreFile,
  { maxBytes, signal, requireRoom, ...options }: MultipartOptions,
): Promise<ReceivedVideo> {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data *;/i.test(type)) throw notOneFile();
  const formBytes = formLength(request);
  if ((formBytes ?? 0) > maxBytes + maxFormBytes) throw tooLarge(maxBytes);
  await requireRoom(formBytes);

  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const form = openForm(type);
  readOldNames(form);
  let storing: Promise<ReceivedVideo> | undefined;

  form.on('file', (field, stream, fileName) => {
    // The reader of the stream gets its errors. Without a reader, they do not matter.
    stream.on('error', () => undefined);
    // A browser sends a file without a name if none was chosen. The name is typed as a string but may be missing.
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
  // Listen now: the form finishes at the closing boundary, and the body may continue after that.
  const finished = once(form, 'finish', { signal: stop });
  finished.catch(() => undefined);

  /**
   * Refuses the form if its parser stands still while nothing is being stored. Some malformed parts make the parser wait for a reader that
   * they do not have.
   */
  async function notStuck(parsing: Promise<unknown>): Promise<void> {
    const isStuck = (): void => failure.abort(cutOff(new Error('the parser stands still')));
    const timer = storing === undefined ? setTimeout(isStuck, options.idleSeconds * 1000) : undefined;
    try {
      await parsing;
    } finally {
      clearTimeout(timer);
    }
  }
  function take(chunk: Uint8Array): Promise<void> | undefined {
    const drained = write(form, chunk, stop);
    return drained && notStuck(drained);
  }

  try {
    await readBody(request, response, take, { ...options, signal: stop });
    form.end();
    await notStuck(finished);
    stop.throwIfAborted();
    if (storing === undefined) throw notOneFile();
    return await storing;
  } catch (error) {
    // If several things went wrong, the first one is reported.
    const reason: unknown = stop.aborted ? stop.reason : error;
    failure.abort(reason);
    const stored = await storing?.catch(() => undefined);
    await stored?.abandon();
    throw reason;
  }
}

/** How many bytes the form has; undefined if the client does not say. The file has a little less. */
export function formLength(request: IncomingMessage): number | undefined {
  const { 'content-length': length } = request.headers;
  return length === undefined ? undefined : Number(length);
}

function openForm(type: string): BusboyInstance {
  try {
    return Busboy({ headers: { 'content-type': type }, limits: formLimits, preservePath: true });
  } catch (error) {
    throw new AppError('bad_request', 'The form cannot be read, because its Content-Type names no boundary.', {
      cause: error,
    });
  }
}

/**
 * Lets the form also read names in Windows-1252. Busboy reads all as UTF-8 and has no setting for this, so the header of a part is
 * changed to UTF-8 before Busboy's own listener reads it. It is a text with one character for each byte.
 */
function readOldNames(form: BusboyInstance): void {
  const { parser } = (form as unknown as { readonly _parser: { readonly parser: Dicer } })._parser;
  parser.prependListener('part', (part: Dicer.PartStream) => {
    part.prependListener('header', (header: Record<string, string[] | undefined>) => {
      header['content-disposition'] = header['content-disposition']?.map((value) =>
        Buffer.from(decodeText(Buffer.from(value, 'latin1'))).toString('latin1'),
      );
    });
  });
}

/** Returns undefined if there is room for more, otherwise a promise to wait for. */
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
  return new AppError('bad_request', `Send a form (multipart/form-data) with exactly one file named “${partName}”.`);
}

function cutOff(cause: unknown): AppError {
  return new AppError('bad_request', 'The form is malformed or incomplete.', { cause });
}

function tooLarge(limitBytes: number): AppError {
  return new AppError('too_large', sayShared('failTooLargeForServer'), { details: { limitBytes } });
}
