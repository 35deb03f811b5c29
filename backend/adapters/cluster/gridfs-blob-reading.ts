import { Readable } from 'node:stream';
import type { ByteRange } from '../../../shared/byte-range.ts';
import { checkBlobId, noSuchBlob, rangeWithin } from '../../ports/blob-rules.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import { type BlobChunk, type BlobFacts, factsOnly, infoOf } from './gridfs-documents.ts';
import { listStates } from './gridfs-leftovers.ts';
import type { GridFsTables } from './gridfs-tables.ts';
import type { LocalCopies } from './local-copies.ts';

/** How much is read at a time, unless a chunk is larger. */
const readBytes = 1024 * 1024;
/** How much of that is passed on at a time. */
const pieceBytes = 64 * 1024;

export function createGridFsBlobReading(
  tables: GridFsTables,
  copies: LocalCopies,
): Pick<BlobStore, 'open' | 'localFile' | 'stat' | 'list'> {
  const { blobs, chunks } = tables;

  async function find(id: string): Promise<BlobFacts | undefined> {
    checkBlobId(id);
    const [state] = await blobs.find<keyof BlobFacts>({ filter: { _id: id }, fields: factsOnly });
    return state;
  }

  async function findFinished(id: string): Promise<BlobFacts> {
    const state = await find(id);
    if (state?.status !== 'finished') throw noSuchBlob();
    return state;
  }

  /** The bytes of the chunks from number `first` up to but not including number `end`. */
  async function readChunks({ file, bytes, chunkBytes }: BlobFacts, first: number, end: number): Promise<Buffer> {
    const found = await chunks.find<'data'>({
      filter: { files_id: file, n: { $gte: first, $lt: end } },
      fields: { _id: 0, data: 1 },
      sort: { n: 1 },
      limit: end - first,
    });
    const [one] = found;
    const data = one !== undefined && found.length === 1 ? viewOf(one) : Buffer.concat(found.map(viewOf));
    // The blob has been removed since it was opened.
    if (data.length < Math.min(bytes, end * chunkBytes) - first * chunkBytes) throw noSuchBlob();
    return data;
  }

  async function* read(state: BlobFacts, { start, end }: ByteRange): AsyncGenerator<Buffer> {
    const { chunkBytes } = state;
    const count = Math.max(1, Math.floor(readBytes / chunkBytes));
    const afterLast = Math.ceil(end / chunkBytes);
    const readFrom = (n: number): Promise<Buffer> => readChunks(state, n, Math.min(n + count, afterLast));
    let next = start < end ? readFrom(Math.floor(start / chunkBytes)) : undefined;
    for (let at = start; at < end && next !== undefined; ) {
      const base = at - (at % chunkBytes);
      const data: Buffer = await next;
      next = undefined;
      const until = Math.min(end - base, data.length);
      for (; at - base < until; at += pieceBytes) {
        // A reader that stands still usually holds the bytes of one read, because the next read begins near the end of it.
        if (next === undefined && at - base + 4 * pieceBytes >= until && base + until < end) {
          next = readFrom((base + until) / chunkBytes);
          // It is awaited above, unless the reader ends before.
          next.catch(() => undefined);
        }
        yield data.subarray(at - base, Math.min(at - base + pieceBytes, until));
      }
      at = base + until;
    }
  }

  function stream(state: BlobFacts, range: ByteRange, signal: AbortSignal | undefined): Readable {
    const readable = Readable.from(read(state, range), { objectMode: false, highWaterMark: pieceBytes });
    const abort = (): void => void readable.destroy(toError(signal?.reason));
    signal?.addEventListener('abort', abort, { once: true });
    readable.once('close', () => signal?.removeEventListener('abort', abort));
    return readable;
  }

  return {
    async open(id, range, signal) {
      signal?.throwIfAborted();
      const state = await findFinished(id);
      const within = rangeWithin(state.bytes, range);
      signal?.throwIfAborted();
      return stream(state, within, signal);
    },

    async localFile(id, signal) {
      signal?.throwIfAborted();
      const state = await findFinished(id);
      signal?.throwIfAborted();
      return await copies.make(state.bytes, () => stream(state, { start: 0, end: state.bytes }, signal));
    },

    async stat(id) {
      const state = await find(id);
      return state === undefined || state.status === 'removing' ? undefined : infoOf(state);
    },

    async *list() {
      for await (const state of listStates(tables)) yield infoOf(state);
    },
  };
}

/** A stream ends with an Error or without one. Any other thrown value becomes the cause of an Error. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('The read was aborted.', { cause: reason });
}

function viewOf({ data: { buffer } }: Pick<BlobChunk, 'data'>): Buffer {
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
