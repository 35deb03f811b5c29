import { type DeclarationRule, lessLateStart, type SourceFile } from './declared-duration-source.ts';

/**
 * FLV: `onMetaData` states the duration of the whole file, not of a track. It is used only if the file is known to be
 * cut: the file is smaller than it states, or its last tag is incomplete ("Video File Format Specification 10", annex
 * E).
 */
export const declareFlv: DeclarationRule = async ({ format, track }, file) => {
  const bytes = (await statedBytes(file)) ?? 0;
  const isCut = bytes > file.bytes || !(await endsWithWholeTag(file));
  if (!isCut) return undefined;
  return { seconds: lessLateStart(Number(format.duration), track), bytes: Math.max(bytes, file.bytes + 1) };
};

const fileHeaderBytes = 13;
const tagHeaderBytes = 11;
const scriptTag = 18;
const maxScriptBytes = 1 << 20;
const amfNumber = 0;

/** Reads `filesize` from `onMetaData`. */
async function statedBytes(file: SourceFile): Promise<number | undefined> {
  const header = await file.readAt(fileHeaderBytes, tagHeaderBytes);
  if (header.length < tagHeaderBytes || header[0] !== scriptTag) return undefined;
  const script = await file.readAt(fileHeaderBytes + tagHeaderBytes, Math.min(header.readUIntBE(1, 3), maxScriptBytes));
  const name = Buffer.from('\0\u0008filesize', 'latin1');
  const at = script.indexOf(name);
  const valueAt = at + name.length + 1;
  if (at < 0 || script[valueAt - 1] !== amfNumber || valueAt + 8 > script.length) return undefined;
  return script.readDoubleBE(valueAt);
}

/** Each tag is followed by its size, so the last four bytes point to the beginning of the last tag. */
async function endsWithWholeTag(file: SourceFile): Promise<boolean> {
  const trailer = await file.readAt(file.bytes - 4, 4);
  if (trailer.length < 4) return false;
  const size = trailer.readUInt32BE(0);
  if (size < tagHeaderBytes || size + 4 + fileHeaderBytes > file.bytes) return false;
  const header = await file.readAt(file.bytes - 4 - size, tagHeaderBytes);
  return header.readUIntBE(1, 3) === size - tagHeaderBytes && [8, 9, scriptTag].includes((header[0] ?? 0) & 0x1f);
}
