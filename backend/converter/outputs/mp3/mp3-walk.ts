import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { AppError, isAppError } from '../../../../shared/errors.ts';
import {
  frameHeaderBytes,
  id3HeaderBytes,
  id3v2Bytes,
  type Mp3FrameHeader,
  parseFrameHeader,
  parseXingFrame,
  type XingFrame,
} from './mp3-frames.ts';

/** What an MP3 file is, by its own frames and not by what anyone meant to write. */
export interface Mp3Facts {
  /** The file's. */
  readonly bytes: number;
  /** The file's, hexadecimal. */
  readonly sha256: string;
  /** Frames of sound: without the Xing frame. */
  readonly frames: number;
  readonly samplesPerFrame: number;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Samples before the sound and after it that a player leaves out. */
  readonly delay: number;
  readonly padding: number;
  /** Of sound, a channel's: frames × samplesPerFrame − delay − padding. */
  readonly samples: number;
}

const chunkBytes = 1 << 20;
const id3v1Bytes = 128;

/**
 * Reads an MP3 that an encoder has just finished, once, in constant memory, and holds its Xing frame against what is there.
 * Throws `converter_failed` when a frame does not follow where the one before ends, when the last one is cut off, when
 * sample rate, version or channels change, when there is no Xing frame, or when its counts are not what was found; an abort
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

/** Takes a file's bytes in portions and keeps none of them. */
class FrameWalker {
  #position = 0;
  /** Bytes that are still to be passed over. */
  #skip = 0;
  #atStart = true;
  #first: Mp3FrameHeader | undefined;
  #xing: XingFrame | undefined;
  #xingPosition = 0;
  #frames = 0;

  /** Says how many of `bytes` are done with; the rest is to come again, with more behind it. */
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

  /** `rest` is what `take` has left over of the whole file. */
  end(rest: Buffer): Omit<Mp3Facts, 'bytes' | 'sha256'> {
    const isId3v1 = rest.length === id3v1Bytes && rest.toString('latin1', 0, 3) === 'TAG';
    if (this.#skip > 0 || (rest.length > 0 && !isId3v1)) throw unsound(`cut off at byte ${this.#position}`);
    const { delay, padding, frames, bytes } = this.#xing ?? {};
    if (this.#first === undefined || frames === undefined || bytes === undefined)
      throw unsound('no Xing frame with counts');
    if (delay === undefined || padding === undefined) throw unsound('no delay and padding in the Xing frame');
    if (frames !== this.#frames) throw unsound(`the Xing frame counts ${frames} frames, ${this.#frames} are there`);
    const bytesThere = this.#position - this.#xingPosition;
    // The field has 32 bits: beyond 4 GiB it can only be compared in what it holds.
    if (bytes !== bytesThere % 2 ** 32) throw unsound(`the Xing frame counts ${bytes} bytes, ${bytesThere} are there`);
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

  /** Looks at what begins at `at`: its length, or 0 while too little of it is there. */
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
      // A tag at the very end is `end`'s to judge, when it is known to be the end.
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
    if (!sameStream(this.#first, header)) throw unsound(`another kind of frame at byte ${this.#position + at}`);
    this.#frames += 1;
    return header.bytes;
  }
}

function sameStream(a: Mp3FrameHeader, b: Mp3FrameHeader): boolean {
  return a.version === b.version && a.sampleRate === b.sampleRate && a.channels === b.channels;
}

function unsound(cause: unknown): AppError {
  return new AppError('converter_failed', 'The MP3 came out damaged.', {
    cause: typeof cause === 'string' ? new Error(cause) : cause,
  });
}
