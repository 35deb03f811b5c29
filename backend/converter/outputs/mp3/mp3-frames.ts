/**
 * Reads the header of an MPEG audio Layer III frame, and the Xing frame, which describes the whole file. The numbers
 * are those of ISO/IEC 11172-3 (MPEG-1), ISO/IEC 13818-3 (MPEG-2) and the usual extension to MPEG-2.5. The layout of
 * the Xing frame is that of the Xing decoder, extended by LAME ("mp3 info tag revision 1").
 */

export interface Mp3FrameHeader {
  readonly version: 'mpeg1' | 'mpeg2' | 'mpeg2.5';
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly bitrateKbps: number;
  /** Size of the whole frame, header included. */
  readonly bytes: number;
  /** Samples per channel. */
  readonly samples: 1152 | 576;
  /** True if a checksum of two bytes follows the header. */
  readonly hasChecksum: boolean;
}

/** Size of a frame's header in bytes. */
export const frameHeaderBytes = 4;

const versions = ['mpeg2.5', undefined, 'mpeg2', 'mpeg1'] as const;
const layer3 = 1;
const singleChannel = 3;

/** By index. The first is "free format" and the sixteenth is forbidden; our encoder writes neither. */
const bitratesKbps = {
  mpeg1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
  mpeg2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
} as const;

const sampleRates = {
  mpeg1: [44100, 48000, 32000],
  mpeg2: [22050, 24000, 16000],
  'mpeg2.5': [11025, 12000, 8000],
} as const;

/** Parses a frame header from its four bytes, read as a big-endian number. Undefined if they are not a header. */
export function parseFrameHeader(word: number): Mp3FrameHeader | undefined {
  if (word >>> 21 !== 0x7ff) return undefined;
  const version = versions[(word >>> 19) & 3];
  if (version === undefined || ((word >>> 17) & 3) !== layer3) return undefined;
  const bitrateKbps = bitratesKbps[version === 'mpeg1' ? 'mpeg1' : 'mpeg2'][(word >>> 12) & 15];
  const sampleRate = sampleRates[version][(word >>> 10) & 3];
  if (!bitrateKbps || sampleRate === undefined) return undefined;
  const samples = version === 'mpeg1' ? 1152 : 576;
  const padding = (word >>> 9) & 1;
  return {
    version,
    sampleRate,
    channels: ((word >>> 6) & 3) === singleChannel ? 1 : 2,
    bitrateKbps,
    bytes: Math.floor(((samples / 8) * 1000 * bitrateKbps) / sampleRate) + padding,
    samples,
    hasChecksum: ((word >>> 16) & 1) === 0,
  };
}

/** The silent frame that an encoder writes first to describe the file. */
export interface XingFrame {
  /** `Info` if the bitrate is constant. */
  readonly kind: 'Xing' | 'Info';
  /** The number of frames after it, without itself. */
  readonly frames?: number;
  /** Bytes from its own first byte to the end of the last frame. */
  readonly bytes?: number;
  /** Samples that the encoder added before the audio, and after it to fill the last frame. */
  readonly delay?: number;
  readonly padding?: number;
}

const hasFrames = 1;
const hasBytes = 2;
const hasSeekTable = 4;
const hasQuality = 8;
const seekTableBytes = 100;
/** Bytes from the encoder's name to the three bytes of delay and padding. */
const delayOffset = 21;
/** Encoders that write delay and padding: LAME, and ffmpeg, which uses LAME's layout under its own name. */
const encodersWithDelay = ['LAME', 'Lavf', 'Lavc'];

/** Parses the Xing frame from a whole frame. Undefined for an ordinary frame. */
export function parseXingFrame(frame: Uint8Array, header: Mp3FrameHeader): XingFrame | undefined {
  let at = frameHeaderBytes + sideInformationBytes(header);
  const kind = text(frame, at, 4);
  if (kind !== 'Xing' && kind !== 'Info') return undefined;
  const flags = uint32(frame, at + 4);
  if (flags === undefined) return undefined;
  at += 8;
  const frames = flags & hasFrames ? uint32(frame, at) : undefined;
  if (flags & hasFrames) at += 4;
  const bytes = flags & hasBytes ? uint32(frame, at) : undefined;
  if (flags & hasBytes) at += 4;
  if (flags & hasSeekTable) at += seekTableBytes;
  if (flags & hasQuality) at += 4;
  const knownEncoder = encodersWithDelay.includes(text(frame, at, 4));
  // Reads four bytes to get three. The first one belongs to the bitrate.
  const delayAndPadding = knownEncoder ? uint32(frame, at + delayOffset - 1) : undefined;
  return {
    kind,
    ...(frames !== undefined && { frames }),
    ...(bytes !== undefined && { bytes }),
    ...(delayAndPadding !== undefined && {
      delay: (delayAndPadding >>> 12) & 0xfff,
      padding: delayAndPadding & 0xfff,
    }),
  };
}

/** Size of the header of an ID3v2 tag in bytes. */
export const id3HeaderBytes = 10;

/** The size in bytes of the ID3v2 tag that begins here (ID3v2.4, section 3.1), or 0 if there is none. */
export function id3v2Bytes(bytes: Uint8Array): number {
  if (bytes.length < id3HeaderBytes || text(bytes, 0, 3) !== 'ID3') return 0;
  // Version 2.4 may repeat the header at the end.
  const hasFooter = ((bytes[5] ?? 0) & 0x10) !== 0;
  const size = [6, 7, 8, 9].reduce((sum, digit) => sum * 128 + ((bytes[digit] ?? 0) & 0x7f), 0);
  return id3HeaderBytes + size + (hasFooter ? id3HeaderBytes : 0);
}

function sideInformationBytes({ version, channels }: Mp3FrameHeader): number {
  if (version === 'mpeg1') return channels === 1 ? 17 : 32;
  return channels === 1 ? 9 : 17;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function uint32(bytes: Uint8Array, at: number): number | undefined {
  if (at + 4 > bytes.length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
}
