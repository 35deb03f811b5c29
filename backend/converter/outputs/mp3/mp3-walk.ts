import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { AppError, isAppError } from '../../../../shared/errors.ts';
import { sayShared } from '../../../../shared/words/say.ts';
import {
  frameHeaderBytes,
  id3HeaderBytes,
  id3v2Bytes,
  type Mp3FrameHeader,
  parseFrameHeader,
  parseXingFrame,
  type XingFrame,
} from './mp3-frames.ts';

/** The facts of an MP3 file, read from its frames. */
export interface Mp3Facts {
  /** Size of the file. */
  readonly bytes: number;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
  /** Audio frames, without the Xing frame. */
  readonly frames: number;
  readonly samplesPerFrame: number;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Samples before and after the audio that players skip. */
  readonly delay: number;
  readonly padding: number;
  /** Audio samples per channel: frames × samplesPerFrame − delay − padding. */
  readonly samples: number;
}

const chunkBytes = 1 << 20;
const id3v1Bytes = 128;

/**
 * Reads a newly encoded MP3 once, in constant memory, and compares its Xing frame with its contents. Throws
 * `converter_failed` if a frame does not start where the one before ends, if the last one is incomplete, if the sample
 * rate, version or number of channels changes, if there is no Xing frame, or if its counts are wrong. On an abort it
 * throws the signal's reason.
 */
export async function walkMp3(path: string, signal?: AbortSignal): Promise<Mp3Facts> {
  signal?.throwIfAborted();
  try {
    await using file = await open(path);
    const hash = createHash('sha256');
    const walker = new FrameWalker();
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let bytes = 0;
    let held = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, held, buffer.length - held);
      signal?.throwIfAborted();
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(held, held + bytesRead));
      bytes += bytesRead;
      held += bytesRead;
      const used = walker.take(buffer.subarray(0, held));
      buffer.copyWithin(0, used, held);
      held -= used;
    }
    return { bytes, sha256: hash.digest('hex'), ...walker.end(buffer.subarray(0, held)) };
  } catch (error) {
    signal?.throwIfAborted();
    if (isAppError(error)) throw error;
    throw unsound(error);
  }
}

/** Takes the bytes of a file in chunks and keeps none of them. */
class FrameWalker {
  #position = 0;
  /** Bytes that must still be skipped. */
  #skip = 0;
  #atStart = true;
  #first: Mp3FrameHeader | undefined;
  #xing: XingFrame | undefined;
  #xingPosition = 0;
  #frames = 0;

  /** Returns how many of `bytes` were used. The caller passes the rest again, followed by more. */
  take(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      const passed = Math.min(this.#skip, bytes.length - at);
      at += passed;
      this.#skip -= passed;
      const step = this.#skip > 0 ? 0 : this.#step(bytes, at);
      if (step === 0) {
        this.#position += at;
        return at;
      }
      this.#skip = step;
    }
  }

  /** `rest` is what `take` left over at the end of the file. */
  end(rest: Buffer): Omit<Mp3Facts, 'bytes' | 'sha256'> {
    const isId3v1 = rest.length === id3v1Bytes && rest.toString('latin1', 0, 3) === 'TAG';
    if (this.#skip > 0 || (rest.length > 0 && !isId3v1)) throw unsound(`cut off at byte ${this.#position}`);
    const { delay, padding, frames, bytes } = this.#xing ?? {};
    if (this.#first === undefined || frames === undefined || bytes === undefined)
      throw unsound('no Xing frame with counts');
    if (delay === undefined || padding === undefined) throw unsound('no delay and padding in the Xing frame');
    if (frames !== this.#frames) throw unsound(`the Xing frame counts ${frames} frames, but there are ${this.#frames}`);
    const bytesThere = this.#position - this.#xingPosition;
    // The field has 32 bits, so beyond 4 GiB only the low 32 bits can be compared.
    if (bytes !== bytesThere % 2 ** 32)
      throw unsound(`the Xing frame counts ${bytes} bytes, but there are ${bytesThere}`);
    const samples = this.#frames * this.#first.samples - delay - padding;
    if (samples < 0) throw unsound(`${this.#frames} frames are fewer than delay ${delay} and padding ${padding}`);
    return {
      frames: this.#frames,
      samplesPerFrame: this.#first.samples,
      sampleRate: this.#first.sampleRate,
      channels: this.#first.channels,
      delay,
      padding,
      samples,
    };
  }

  /** Reads what begins at `at`. Returns its length in bytes, or 0 if more bytes are needed. */
  #step(bytes: Buffer, at: number): number {
    if (this.#atStart) {
      if (at + id3HeaderBytes > bytes.length) return 0;
      this.#atStart = false;
      const tagBytes = id3v2Bytes(bytes.subarray(at));
      if (tagBytes > 0) return tagBytes;
    }
    if (at + frameHeaderBytes > bytes.length) return 0;
    const header = parseFrameHeader(bytes.readUInt32BE(at));
    if (header === undefined) {
      // `end` decides about a tag at the very end, once the end is known.
      if (bytes.toString('latin1', at, at + 3) === 'TAG' && bytes.length - at <= id3v1Bytes) return 0;
      throw unsound(`no frame at byte ${this.#position + at}`);
    }
    if (this.#xing === undefined && this.#first === undefined) {
      if (at + header.bytes > bytes.length) return 0;
      this.#xing = parseXingFrame(bytes.subarray(at, at + header.bytes), header);
      this.#xingPosition = this.#position + at;
      if (this.#xing !== undefined) return header.bytes;
    }
    this.#first ??= header;
    if (!sameStream(this.#first, header)) throw unsound(`a different kind of frame at byte ${this.#position + at}`);
    this.#frames += 1;
    return header.bytes;
  }
}

function sameStream(a: Mp3FrameHeader, b: Mp3FrameHeader): boolean {
  return a.version === b.version && a.sampleRate === b.sampleRate && a.channels === b.channels;
}

function unsound(cause: unknown): AppError {
  return new AppError('converter_failed', sayShared('failMp3Damaged'), {
    cause: typeof cause === 'string' ? new Error(cause) : cause,
  });
}
