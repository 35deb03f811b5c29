import { type DeclarationRule, lessLateStart, type ProbedTrack, type SourceFile } from './declared-duration-source.ts';

/**
 * Matroska and WebM (RFC 9559): the statistics tag DURATION of the track where it has one. ffmpeg counts it from the film's
 * beginning and mkvmerge from the track's own; the shorter reading is taken. Else, where the Segment goes on beyond the file's
 * end, the duration of the whole Segment: the longest track's, as a rule the same to a fraction of a second. What is missing is
 * not worked out from the bytes: a Segment that has a size has a duration, too.
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
    // mkvmerge's carries a language: DURATION-eng.
    if (!/^DURATION(-\w+)?$/i.test(name)) continue;
    const [, hours, minutes, seconds] = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(value) ?? [];
    if (seconds !== undefined) return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  }
  return undefined;
}

/** Undefined where the Segment's size is unknown, as in what was written live. */
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

/** A number of one to eight bytes whose leading zeros tell how many (RFC 8794, section 4); all ones is "unknown". */
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
