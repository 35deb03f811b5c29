import { type DeclarationRule, lessLateStart } from './declared-duration-source.ts';

/**
 * ASF, WMV, WMA ("Advanced Systems Format Specification", 3.2): the file properties state the size of the file and the
 * duration of the whole file, not of a track. The duration is used only if the file is smaller than stated. Broadcast
 * files state neither.
 */
export const declareAsf: DeclarationRule = async ({ track }, file) => {
  const header = await file.readAt(0, maxHeaderBytes);
  const at = header.indexOf(filePropertiesId);
  if (at < 0 || at + filePropertiesBytes > header.length) return undefined;
  const isBroadcast = (header.readUInt32LE(at + 88) & 1) !== 0;
  const bytes = Number(header.readBigUInt64LE(at + 40));
  if (isBroadcast || bytes <= file.bytes) return undefined;
  const playSeconds = Number(header.readBigUInt64LE(at + 64)) / 1e7;
  const prerollSeconds = Number(header.readBigUInt64LE(at + 80)) / 1e3;
  return { seconds: lessLateStart(playSeconds - prerollSeconds, track), bytes };
};

const filePropertiesId = Buffer.from('a1dcab8c47a9cf118ee400c00c205365', 'hex');
const filePropertiesBytes = 104;
const maxHeaderBytes = 1 << 16;
