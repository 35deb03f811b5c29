import { closeSync, openSync, readSync } from 'node:fs';
import { isSystemError } from '../system-error.ts';

// The format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log

const headerBytes = 32;
const frameHeaderBytes = 24;
/** The lowest bit says whether checksums read their words with the highest byte first. */
const magics: readonly number[] = [0x377f0682, 0x377f0683];

/**
 * Whether a write-ahead log has lost changes that were durable. SQLite ignores everything from the first frame with a wrong checksum
 * on, because a process that dies leaves an unfinished transaction at the end. But a transaction is written only after the one before
 * it is durable, so if more transactions follow a wrong frame, the log is damaged. False if there is no log.
 *
 * Opening this file takes no locks from other connections: SQLite's locks are on the database and its -shm file.
 */
export function isLogDamaged(file: string): boolean {
  let log: number;
  try {
    log = openSync(file, 'r');
  } catch (error) {
    // Whatever else is wrong, SQLite will find it too.
    if (isSystemError(error)) return false;
    throw error;
  }
  try {
    const header = read(log, headerBytes, 0);
    // SQLite starts a new log for an empty or cut header. A header of zeros was never made durable.
    if (header === undefined || header.every((byte) => byte === 0)) return false;
    if (!magics.includes(header.readUInt32BE(0))) return true;
    const sum = checksumOf((header.readUInt32BE(0) & 1) === 1);
    const headerSum = sum([0, 0], header.subarray(0, 24));
    if (!isSum(header, 24, headerSum)) return true;
    return hasLostFrames(log, header, headerSum, sum);
  } finally {
    closeSync(log);
  }
}

type Sum = readonly [number, number];
type Checksum = (before: Sum, bytes: Buffer) => Sum;

function hasLostFrames(log: number, header: Buffer, headerSum: Sum, sum: Checksum): boolean {
  const frameBytes = frameHeaderBytes + header.readUInt32BE(8);
  const salts = header.subarray(16, 24);
  let last = headerSum;
  let isWrong = false;
  let transactionsSince = 0;
  for (let place = headerBytes; ; place += frameBytes) {
    const frame = read(log, frameBytes, place);
    if (frame === undefined) return false;
    const isOfThisLog = frame.subarray(8, 16).equals(salts);
    if (!isWrong) {
      last = sum(sum(last, frame.subarray(0, 8)), frame.subarray(frameHeaderBytes));
      isWrong = !isOfThisLog || !isSum(frame, 16, last);
    }
    // Each later frame has to be of this log: frames of an earlier one that it has not overwritten may follow.
    if (isWrong && isOfThisLog && frame.readUInt32BE(4) > 0) transactionsSince += 1;
    if (transactionsSince > 1) return true;
  }
}

function checksumOf(highestByteFirst: boolean): Checksum {
  return ([first, second], bytes) => {
    for (let place = 0; place < bytes.length; place += 8) {
      const [one, two] = highestByteFirst
        ? [bytes.readUInt32BE(place), bytes.readUInt32BE(place + 4)]
        : [bytes.readUInt32LE(place), bytes.readUInt32LE(place + 4)];
      first = (first + one + second) >>> 0;
      second = (second + two + first) >>> 0;
    }
    return [first, second];
  };
}

function isSum(bytes: Buffer, place: number, [first, second]: Sum): boolean {
  return bytes.readUInt32BE(place) === first && bytes.readUInt32BE(place + 4) === second;
}

/** Undefined if the file has fewer bytes there. */
function read(file: number, bytes: number, place: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(bytes);
  return readSync(file, buffer, 0, bytes, place) === bytes ? buffer : undefined;
}
