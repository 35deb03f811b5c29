import { Binary } from 'mongodb';
import type { BlobState } from './gridfs-documents.ts';
import type { GridFsFence } from './gridfs-fence.ts';

const mebibyte = 1024 * 1024;
/** How many bytes one call writes at once. As many may wait in memory meanwhile. Half of it halves the speed on a slow server. */
const maxBytes = 4 * mebibyte;
/** How many bytes all calls together write at once, as long as each may write a chunk. */
const maxBytesOfAll = 32 * mebibyte;

/** Writes the bytes that one call appends to a blob. */
export interface ChunkWriter {
  /** Undefined, or resolves once it is ready for the next bytes. Throws what a write has thrown. */
  add(bytes: Uint8Array): Promise<void> | undefined;
  /** Waits for the writes in progress. */
  settle(): Promise<void>;
  /** Makes all bytes count, and resolves with the blob's new size. */
  end(): Promise<number>;
}

/**
 * Whole chunks are written while the next ones arrive: several at once from a fast source, and each at once from a slow one. They
 * count when the next ones are about to be written, which saves a call.
 * @param writers how many calls append now
 */
export function createChunkWriter(fence: GridFsFence, claim: BlobState, writers: () => number): ChunkWriter {
  const { chunkBytes } = claim;
  const portionChunks = () => Math.max(1, Math.floor(Math.min(maxBytes, maxBytesOfAll / writers()) / chunkBytes));
  const rest = claim.bytes % chunkBytes;
  let held: Uint8Array[] = rest === 0 || claim.tail === null ? [] : [claim.tail.buffer.subarray(0, rest)];
  let heldBytes = rest;
  /** The number of the next chunk. */
  let next = Math.floor(claim.bytes / chunkBytes);
  let isFilling = false;
  let writing: Promise<void> | undefined;
  /** Resolves when bytes are taken to be written. */
  let taken = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;

  /** What counts once all chunks before `next` are written. */
  const written = () => (isFilling ? { bytes: next * chunkBytes, tail: null } : {});

  function takeChunks(count: number): readonly Uint8Array[] {
    const all = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held, heldBytes);
    heldBytes -= count * chunkBytes;
    taken.resolve();
    taken = Promise.withResolvers();
    held = heldBytes === 0 ? [] : [all.subarray(count * chunkBytes)];
    return Array.from({ length: count }, (_, index) => all.subarray(index * chunkBytes, (index + 1) * chunkBytes));
  }

  async function writeHeld(): Promise<void> {
    try {
      while (heldBytes >= chunkBytes) {
        const chunks = takeChunks(Math.min(portionChunks(), Math.floor(heldBytes / chunkBytes)));
        await fence.place(claim, written(), next, chunks);
        isFilling = true;
        next += chunks.length;
      }
    } catch (error) {
      failure = { error };
      taken.resolve();
    } finally {
      writing = undefined;
    }
  }

  async function settle(): Promise<void> {
    await writing;
    if (failure !== undefined) throw failure.error;
  }

  return {
    add(bytes) {
      if (failure !== undefined) throw failure.error;
      if (bytes.byteLength === 0) return undefined;
      held.push(bytes);
      heldBytes += bytes.byteLength;
      if (heldBytes >= chunkBytes) writing ??= writeHeld();
      return heldBytes >= portionChunks() * chunkBytes ? taken.promise : undefined;
    },
    settle,
    async end() {
      await settle();
      const bytes = next * chunkBytes + heldBytes;
      if (bytes === claim.bytes) return bytes;
      const tail = heldBytes === 0 ? null : new Binary(Buffer.concat(held, heldBytes));
      await fence.commit(claim, { bytes, tail, filling: false });
      return bytes;
    },
  };
}
