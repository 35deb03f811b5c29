import { Binary } from 'mongodb';
import { alreadyFinished, checkBlobId, noSuchBlob, notTheEnd, tooShort } from '../../ports/blob-rules.ts';
import type { AppendOptions, BlobInfo, BlobLabel, BlobStore } from '../../ports/blob-store.ts';
import { interruptible } from '../interruptible.ts';
import { adoptFile } from './adopt-file.ts';
import type { BlobCalls } from './blob-calls.ts';
import { createChunkWriter } from './gridfs-chunk-writer.ts';
import type { BlobState } from './gridfs-documents.ts';
import { type GridFsFence, requireEnd } from './gridfs-fence.ts';
import { publish } from './gridfs-publishing.ts';
import { removeBlob } from './gridfs-removal.ts';
import type { GridFsTables } from './gridfs-tables.ts';
import { createWriteRoom } from './write-room.ts';

/** How many bytes all calls together write at once. The driver copies them several times meanwhile. */
const maxBytesOfAll = 8 * 1024 * 1024;

export function createGridFsBlobWriting(
  tables: GridFsTables,
  fence: GridFsFence,
  calls: BlobCalls,
): Pick<BlobStore, 'append' | 'truncate' | 'finish' | 'adopt' | 'remove'> {
  const room = createWriteRoom(maxBytesOfAll);
  const finishing = new Map<string, { readonly under: number; readonly finished: Promise<BlobInfo> }>();

  async function claimEnd(id: string, under: number, offset: number, label: BlobLabel): Promise<BlobState> {
    if (offset === 0) return await fence.start(id, under, label);
    const claimed = await fence.claim(id, under, (seen) => requireEnd(seen, offset));
    if (claimed === undefined) throw notTheEnd();
    return claimed;
  }

  async function append(
    id: string,
    under: number,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    label: BlobLabel,
    { signal }: AppendOptions = {},
  ): Promise<number> {
    signal?.throwIfAborted();
    using call = calls.begin(id, under);
    const claimed = await claimEnd(id, under, offset, label);
    const writer = createChunkWriter(fence, claimed, room);
    const stop = signal === undefined ? call.signal : AbortSignal.any([signal, call.signal]);
    try {
      for await (const bytes of interruptible(source, stop)) {
        const ready = writer.add(bytes);
        if (ready !== undefined) await ready;
      }
    } catch (error) {
      // Bytes that have arrived are kept, so that an upload can continue from there. But a later writer continues from the end
      // that it saw. The caller must get the original error.
      await (call.signal.aborted ? writer.settle() : writer.end()).catch(() => undefined);
      throw error;
    }
    return await writer.end();
  }

  async function truncate(id: string, under: number, bytes: number): Promise<void> {
    using _ = calls.begin(id, under);
    const claimed = await fence.claim(id, under, (seen) => {
      if (seen.status === 'removing') throw noSuchBlob();
      if (seen.status === 'finished') throw alreadyFinished();
      if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > seen.bytes) throw tooShort();
      return {};
    });
    if (claimed === undefined) throw noSuchBlob();
    if (bytes === claimed.bytes) return;
    const change = { bytes, tail: await tailAt(tables, claimed, bytes), filling: true };
    await fence.commit(claimed, change);
    // The chunks after that no longer count.
    await fence.settle({ ...claimed, ...change });
  }

  async function finish(id: string, under: number): Promise<BlobInfo> {
    using _ = calls.begin(id, under);
    const claimed = await fence.claim(id, under, () => ({}));
    if (claimed === undefined || claimed.status === 'removing') throw noSuchBlob();
    if (claimed.status === 'growing') await seal(tables, fence, claimed);
    await publish(tables, claimed);
    return { id, bytes: claimed.bytes, finished: true };
  }

  async function finishOnce(id: string, under: number): Promise<BlobInfo> {
    const begun = finishing.get(id);
    if (begun?.under === under) return await begun.finished;
    const mine = { under, finished: finish(id, under) };
    finishing.set(id, mine);
    try {
      return await mine.finished;
    } finally {
      if (finishing.get(id) === mine) finishing.delete(id);
    }
  }

  async function remove(id: string, under: number): Promise<void> {
    calls.abort(id, under);
    const claimed = await fence.claim(id, under, () => ({ status: 'removing' }));
    if (claimed !== undefined) await removeBlob(tables, claimed);
  }

  const checked = async <Result>(id: string, work: () => Promise<Result>): Promise<Result> => {
    checkBlobId(id);
    return await work();
  };
  return {
    append: (id, ...given) => checked(id, () => append(id, ...given)),
    truncate: (id, under, bytes) => checked(id, () => truncate(id, under, bytes)),
    finish: (id, under) => checked(id, () => finishOnce(id, under)),
    adopt: (id, ...given) => checked(id, () => adoptFile({ append, finish: finishOnce, remove }, id, ...given)),
    remove: (id, under) => checked(id, () => remove(id, under)),
  };
}

/** The first bytes of the chunk that byte number `end` is in, up to there. */
async function tailAt({ chunks }: GridFsTables, state: BlobState, end: number): Promise<Binary | null> {
  const { file, bytes, chunkBytes, tail } = state;
  const rest = end % chunkBytes;
  if (rest === 0) return null;
  const n = Math.floor(end / chunkBytes);
  const isLast = n === Math.floor(bytes / chunkBytes);
  const [chunk] = isLast ? [{ data: tail }] : await chunks.find<'data'>({ filter: { files_id: file, n }, limit: 1 });
  const data = chunk?.data ?? undefined;
  if (data === undefined) throw new Error(`chunk ${n} is missing`);
  return new Binary(data.buffer.subarray(0, rest));
}

/** Makes the bytes after the last whole chunk a chunk, and then the blob a finished one. */
async function seal(tables: GridFsTables, fence: GridFsFence, claimed: BlobState): Promise<void> {
  const { bytes, chunkBytes } = claimed;
  const tail = await tailAt(tables, claimed, bytes);
  if (tail !== null) {
    const slots = await fence.reserve(claimed, {}, Math.floor(bytes / chunkBytes), 1);
    await fence.fill(claimed, slots, [tail.buffer]);
  }
  await fence.commit(claimed, { status: 'finished', tail: null, filling: false });
}
