import type { FileHandle } from 'node:fs/promises';
import { writeAll } from './durable-file.ts';

/** How many bytes may wait in memory during a write; as many again may be in that write. */
const maxHeldBytes = 1024 * 1024;

/**
 * Writes everything from `source` at `position`, and resolves with the position after it. Chunks that arrive during a write are
 * collected for the next one. So a fast source costs few system calls (half the CPU time of one call per chunk, measured with
 * chunks of 64 KB), and a slow one is written at once. If the source throws, the chunks before that are written first.
 * @param onWriting called with the number of bytes before each write
 */
export async function writeGathering(
  handle: FileHandle,
  source: AsyncIterable<Uint8Array>,
  position: number,
  onWriting: (bytes: number) => void,
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
        onWriting(heldBytes);
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

/** Resolves with how many bytes were written, which is all of them. */
async function writeEach(handle: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<number> {
  const total = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let written = 0;
  if (chunks.length > 1) ({ bytesWritten: written } = await handle.writev([...chunks], position));
  if (written === total) return total;
  // There is one chunk, or the disk accepted fewer bytes than it was given.
  let start = 0;
  for (const chunk of chunks) {
    const done = Math.max(0, written - start);
    if (done < chunk.byteLength) await writeAll(handle, chunk.subarray(done), position + start + done);
    start += chunk.byteLength;
  }
  return total;
}
