import type { FileHandle } from 'node:fs/promises';
import { writeAll } from './durable-file.ts';

/** What may wait in memory while a write is under way; as much again may be in that write. */
const maxHeldBytes = 1024 * 1024;

/**
 * Writes all that `source` gives from `position` on; resolves with the position behind it. While a write is under way, what comes is
 * gathered for the next one: a fast source costs few system calls (half of the CPU time of one a chunk, measured with chunks of 64
 * KB), a slow one is written at once. When the source throws, what it gave before is written first.
 */
export async function writeGathering(
  handle: FileHandle,
  source: AsyncIterable<Uint8Array>,
  position: number,
): Promise<number> {
  let end = position;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let failure: { readonly error: unknown } | undefined;
  let writing: Promise<void> | undefined;

  async function writeHeld(): Promise<void> {
    try {
      while (heldBytes > 0) {
        const chunks = held;
        held = [];
        heldBytes = 0;
        end += await writeEach(handle, chunks, end);
      }
    } catch (error) {
      failure = { error };
    } finally {
      writing = undefined;
    }
  }
  async function settle(): Promise<void> {
    await writing;
    if (failure !== undefined) throw failure.error;
  }

  try {
    for await (const chunk of source) {
      if (failure !== undefined) break;
      if (chunk.byteLength === 0) continue;
      held.push(chunk);
      heldBytes += chunk.byteLength;
      writing ??= writeHeld();
      if (heldBytes >= maxHeldBytes) await writing;
    }
  } catch (error) {
    await writing;
    throw error;
  }
  await settle();
  return end;
}

/** Resolves with how many bytes were written: all. */
async function writeEach(handle: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<number> {
  const total = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let written = 0;
  if (chunks.length > 1) ({ bytesWritten: written } = await handle.writev([...chunks], position));
  if (written === total) return total;
  // One alone, or the disk has taken less than it was given.
  let start = 0;
  for (const chunk of chunks) {
    const done = Math.max(0, written - start);
    if (done < chunk.byteLength) await writeAll(handle, chunk.subarray(done), position + start + done);
    start += chunk.byteLength;
  }
  return total;
}
