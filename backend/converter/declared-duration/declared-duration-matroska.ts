import { type DeclarationRule, lessLateStart, type ProbedTrack, type SourceFile } from './declared-duration-source.ts';

/**
 * Matroska and WebM (RFC 9559): the track's statistics tag DURATION, if it has one. ffmpeg counts it from the beginning
 * of the file and mkvmerge from the beginning of the track; the shorter reading is used. Without the tag, and if the
 * Segment is longer than the file, the duration of the whole Segment is used: that of the longest track, usually the
 * same to a fraction of a second. The missing duration is not estimated from bytes, since a Segment that has a size
 * also has a duration.
 */
export const declareMatroska: DeclarationRule = async ({ format, track }, file) => {
  const bytes = await endOfSegment(file);
  const tagged = taggedSeconds(track);
  if (tagged === undefined && (bytes === undefined || bytes <= file.bytes)) return undefined;
  const seconds = lessLateStart(tagged ?? Number(format.duration), track);
  return { seconds, ...(bytes !== undefined && { bytes }) };
};

const ebmlHeader = 0x1a45dfa3;
const segment = 0x18538067;

function taggedSeconds(track: ProbedTrack): number | undefined {
  for (const [name, value] of Object.entries(track.tags ?? {})) {
    // mkvmerge adds a language: DURATION-eng.
    if (!/^DURATION(-\w+)?$/i.test(name)) continue;
    const [, hours, minutes, seconds] = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(value) ?? [];
    if (seconds !== undefined) return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  }
  return undefined;
}

/** Undefined if the size of the Segment is unknown, as in live recordings. */
async function endOfSegment(file: SourceFile): Promise<number | undefined> {
  const start = await file.readAt(0, 12);
  if (start.length < 12 || start.readUInt32BE(0) !== ebmlHeader) return undefined;
  const header = sizeField(start, 4);
  if (header?.size === undefined) return undefined;
  const position = header.end + header.size;
  const head = await file.readAt(position, 12);
  if (head.length < 12 || head.readUInt32BE(0) !== segment) return undefined;
  const body = sizeField(head, 4);
  return body?.size === undefined ? undefined : position + body.end + body.size;
}

/**
 * Reads a number of one to eight bytes. The leading zero bits give its length (RFC 8794, section 4). All ones mean
 * "unknown".
 */
function sizeField(bytes: Buffer, at: number): { readonly end: number; readonly size: number | undefined } | undefined {
  const first = bytes[at] ?? 0;
  const length = Math.clz32(first) - 23;
  if (first === 0 || at + length > bytes.length) return undefined;
  let size = first & (0xff >> length);
  let unknown = size === 0xff >> length;
  for (let index = 1; index < length; index += 1) {
    const byte = bytes[at + index] ?? 0;
    size = size * 256 + byte;
    unknown &&= byte === 0xff;
  }
  return { end: at + length, size: unknown ? undefined : size };
}
