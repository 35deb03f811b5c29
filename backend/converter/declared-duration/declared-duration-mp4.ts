import type { DeclarationRule, SourceFile } from './declared-duration-source.ts';

/**
 * MP4, MOV, 3GP (ISO/IEC 14496-12): the index counts every sample, and ffprobe has applied the edit list. A fragmented
 * file states the duration of the fragments that it contains, or of its segment index if it has one. Such a file that
 * is cut within a fragment states that fragment's duration. Cut exactly between two fragments and without a segment
 * index, it states nothing that is missing.
 */
export const declareMp4: DeclarationRule = async ({ track }, file) => {
  const bytes = await endOfLastBox(file);
  return { seconds: Number(track.duration), ...(bytes !== undefined && { bytes }) };
};

/** Enough for twelve hours of one-second fragments, with room to spare. */
const maxBoxes = 200_000;
const headerBytes = 16;
/** The count of a segment index has 16 bits, and each entry 12 bytes. */
const maxIndexBytes = 1 << 20;

/**
 * The end of the file as its boxes state it, in bytes. Undefined if the last box has no size or the boxes make no
 * sense.
 */
async function endOfLastBox(file: SourceFile): Promise<number | undefined> {
  let position = 0;
  let indexedEnd = 0;
  for (let box = 0; box < maxBoxes && position < file.bytes; box += 1) {
    const header = await file.readAt(position, headerBytes);
    // An incomplete header belongs to a box that is missing.
    if (header.length < 8) return position + 8;
    const size = sizeOf(header);
    if (size === undefined) return undefined;
    if (header.toString('latin1', 4, 8) === 'sidx' && position + size <= file.bytes) {
      indexedEnd = Math.max(
        indexedEnd,
        position + size + referencedBytes(await file.readAt(position, Math.min(size, maxIndexBytes))),
      );
    }
    position += size;
  }
  return Math.max(position, indexedEnd);
}

function sizeOf(header: Buffer): number | undefined {
  const size = header.readUInt32BE(0);
  if (size === 1) return header.length < headerBytes ? headerBytes : Number(header.readBigUInt64BE(8));
  return size < 8 ? undefined : size;
}

/** The total size in bytes of the segments in a segment index ("sidx", 8.16.3), counted from the end of the index. */
function referencedBytes(box: Buffer): number {
  const version = box[8];
  const countAt = version === 0 ? 30 : 38;
  if (box.length < countAt + 2) return 0;
  const firstOffset = version === 0 ? box.readUInt32BE(24) : Number(box.readBigUInt64BE(28));
  const count = Math.min(box.readUInt16BE(countAt), Math.floor((box.length - countAt - 2) / 12));
  let sum = firstOffset;
  for (let index = 0; index < count; index += 1) sum += box.readUInt32BE(countAt + 2 + index * 12) & 0x7fffffff;
  return sum;
}
