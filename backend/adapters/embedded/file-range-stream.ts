import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { translateSystemError } from '../system-error.ts';

/** How much is read from the disk at a time. Many streams may read at once, and a stalled one holds twice as much in memory. */
const readBytes = 64 * 1024;

/**
 * Reads `file` from byte `start` up to but not including byte `end`. The file is closed when the stream ends in any way. An abort
 * ends the stream with the signal's reason.
 */
export function createFileRangeStream(file: FileHandle, start: number, end: number, signal?: AbortSignal): Readable {
  let position = start;
  const stream = new Readable({
    highWaterMark: readBytes,
    read() {
      const length = Math.min(readBytes, end - position);
      if (length <= 0) {
        this.push(null);
        return;
      }
      file.read(Buffer.allocUnsafe(length), 0, length, position).then(
        ({ bytesRead, buffer }) => {
          position = bytesRead === 0 ? end : position + bytesRead;
          this.push(bytesRead === 0 ? null : buffer.subarray(0, bytesRead));
        },
        (error: unknown) => this.destroy(toError(translateSystemError(error))),
      );
    },
    destroy(error, callback) {
      signal?.removeEventListener('abort', abort);
      file.close().then(
        () => callback(error),
        (closeError: unknown) => callback(error ?? toError(translateSystemError(closeError))),
      );
    },
  });
  function abort(): void {
    stream.destroy(toError(signal?.reason));
  }
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  return stream;
}

/** A stream ends with an Error or without one. Any other thrown value becomes the cause of an Error. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('The read was aborted.', { cause: reason });
}
