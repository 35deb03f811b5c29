import {
  frameHeaderBytes,
  id3HeaderBytes,
  id3v2Bytes,
  parseFrameHeader,
  parseXingFrame,
} from '../outputs/mp3/mp3-frames.ts';
import type { DeclarationRule, SourceFile } from './declared-duration-source.ts';

/**
 * MP3: the Xing frame counts frames and bytes. Without one, nothing is stated and ffprobe's duration is an estimate.
 */
export const declareMp3: DeclarationRule = async (_probe, file) => {
  const start = await endOfTags(file);
  const frame = await file.readAt(start, maxFrameBytes);
  if (frame.length < frameHeaderBytes) return undefined;
  const header = parseFrameHeader(frame.readUInt32BE(0));
  const xing = header && parseXingFrame(frame, header);
  if (header === undefined || xing?.frames === undefined) return undefined;
  const samples = xing.frames * header.samples - (xing.delay ?? 0) - (xing.padding ?? 0);
  return { seconds: samples / header.sampleRate, ...(xing.bytes !== undefined && { bytes: start + xing.bytes }) };
};

/** The longest Layer III frame: 320 kbit/s at 32 kHz. */
const maxFrameBytes = 1441;
const maxTags = 10;

async function endOfTags(file: SourceFile): Promise<number> {
  let at = 0;
  for (let tags = 0; tags < maxTags; tags += 1) {
    const bytes = id3v2Bytes(await file.readAt(at, id3HeaderBytes));
    if (bytes === 0) break;
    at += bytes;
  }
  return at;
}
