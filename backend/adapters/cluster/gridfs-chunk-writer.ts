import { Binary } from 'mongodb';
import type { BlobChunk, BlobState } from './gridfs-documents.ts';
import type { GridFsFence } from './gridfs-fence.ts';
import type { WriteRoom } from './write-room.ts';

const mebibyte = 1024 * 1024;
/** How many bytes one call writes at once. As many may wait in memory meanwhile. */
const maxBytes = 2 * mebibyte;

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
 * Whole chunks are written while the next ones arrive: several at once from a fast source, and each at once from a slow one. The slots of
 * the next ones are made meanwhile. Chunks count when the slots of later ones are made, which saves a call.
 */
export function createChunkWriter(fence: GridFsFence, claim: BlobState, room: WriteRoom): ChunkWriter {
  const { chunkBytes } = claim;
  const first = Math.floor(claim.bytes / chunkBytes);
  const rest = claim.bytes % chunkBytes;
  let held: Uint8Array[] = rest === 0 || claim.tail === null ? [] : [claim.tail.buffer.subarray(0, rest)];
  let heldBytes = rest;
  /** The numbers of the first chunk that is not written, and of the first that has no slot. */
  let unwritten = first;
  let next = first;
  /** The slots of the next chunks. */
  let reserved: Promise<readonly BlobChunk[]> | undefined;
  let writing: Promise<void> | undefined;
  /** Resolves when bytes are taken to be written. */
  let taken = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;

  /** While writers wait for each other, they gather no more than they must. */
  const portionBytes = () => Math.max(chunkBytes, room.isCrowded() ? 0 : maxBytes);

  function reserve(): Promise<readonly BlobChunk[]> {
    const written = unwritten > first ? { bytes: unwritten * chunkBytes, tail: null } : {};
    const count = Math.floor(Math.min(heldBytes, portionBytes()) / chunkBytes);
    const slots = fence.reserve(claim, written, next, count);
    next += count;
    // Whoever awaits them gets the error.
    slots.catch(() => undefined);
    return slots;
  }

  function takeChunks(count: number): readonly Uint8Array[] {
    const all = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held, heldBytes);
    heldBytes -= count * chunkBytes;
    held = heldBytes === 0 ? [] : [all.subarray(count * chunkBytes)];
    return Array.from({ length: count }, (_, index) => all.subarray(index * chunkBytes, (index + 1) * chunkBytes));
  }

  async function fill(slots: readonly BlobChunk[]): Promise<void> {
    using _ = await room.take(slots.length * chunkBytes);
    const filled = fence.fill(claim, slots, takeChunks(slots.length));
    reserved = undefined;
    taken.resolve();
    taken = Promise.withResolvers();
    await filled;
    unwritten += slots.length;
  }

  async function writeHeld(): Promise<void> {
    try {
      while (heldBytes >= chunkBytes) {
        reserved ??= reserve();
        await fill(await reserved);
      }
    } catch (error) {
      failure = { error };
      taken.resolve();
    } finally {
      writing = undefined;
    }
  }

  /** Waits for all calls. */
  async function settle(): Promise<void> {
    await writing;
    await reserved?.catch(() => undefined);
    if (failure !== undefined) throw failure.error;
  }

  return {
    add(bytes) {
      if (failure !== undefined) throw failure.error;
      if (bytes.byteLength === 0) return undefined;
      held.push(bytes);
      heldBytes += bytes.byteLength;
      if (heldBytes >= chunkBytes) writing ??= writeHeld();
      if (heldBytes < portionBytes()) return undefined;
      reserved ??= reserve();
      return taken.promise;
    },
    settle,
    async end() {
      await settle();
      const bytes = unwritten * chunkBytes + heldBytes;
      if (bytes === claim.bytes) return bytes;
      const tail = heldBytes === 0 ? null : new Binary(Buffer.concat(held, heldBytes));
      await fence.commit(claim, { bytes, tail, filling: false });
      return bytes;
    },
  };
}
