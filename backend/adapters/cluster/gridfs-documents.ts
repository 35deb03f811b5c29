import type { Binary, Long, ObjectId } from 'mongodb';
import type { BlobInfo, BlobLabel } from '../../ports/blob-store.ts';

/** The state of a blob, in `fs.blobs`: the only truth about it. Everything else follows it. */
export interface BlobState {
  /** The blob's id. */
  readonly _id: string;
  /**
   * The `_id` of the blob's document in `fs.files`, and the `files_id` of its chunks. Each new start of a blob takes a new one, so
   * that nothing that a dead writer still writes can belong to it.
   */
  readonly file: ObjectId;
  /** The highest fence of its writers. */
  readonly fence: number;
  /** Counts the calls that claimed the blob. Only the last of them may write. */
  readonly epoch: number;
  readonly status: 'growing' | 'finished' | 'removing';
  /** How many bytes count. */
  readonly bytes: number;
  readonly chunkBytes: number;
  /** While it grows: the bytes after the last whole chunk, or more than those. Null if there are none. */
  readonly tail: Binary | null;
  /** Whether slots or chunks that do not count may exist. The next writer removes them before it writes. */
  readonly filling: boolean;
  readonly label: BlobLabel;
}

/** A state without the bytes in it. */
export type BlobFacts = Omit<BlobState, 'tail'>;

/** To read only {@link BlobFacts}. */
export const factsOnly = { tail: 0 } as const;

/** A document of `fs.chunks`, or a slot for one. Other GridFS programs ignore `epoch`. */
export interface BlobChunk {
  readonly _id: ObjectId;
  /** {@link BlobState.file}. For a slot, a string that `slotsOf` makes, so that it belongs to no file. */
  readonly files_id: ObjectId | string;
  readonly n: number;
  readonly data: Binary;
  /** The epoch of the call that wrote it. */
  readonly epoch: number;
}

/** A document of `fs.files`, as the GridFS specification says. It exists once the blob is finished. */
export interface BlobFile {
  readonly _id: ObjectId;
  readonly length: Long;
  readonly chunkSize: number;
  readonly uploadDate: Date;
  /** The blob's id. */
  readonly filename: string;
  readonly metadata: BlobLabel;
}

export function infoOf({ _id, bytes, status }: Pick<BlobState, '_id' | 'bytes' | 'status'>): BlobInfo {
  return { id: _id, bytes, finished: status === 'finished' };
}

/** The `files_id` of the slots that one call made. */
export function slotsOf({ _id, file, epoch }: Pick<BlobState, '_id' | 'file' | 'epoch'>): string {
  return `${_id}/${file.toHexString()}/${epoch}`;
}

/** Selects the slots of all calls that wrote to a file. */
export function anySlotOf({ _id, file }: Pick<BlobState, '_id' | 'file'>): {
  readonly $gt: string;
  readonly $lt: string;
} {
  const path = `${_id}/${file.toHexString()}`;
  // `0` is the character after `/`.
  return { $gt: `${path}/`, $lt: `${path}0` };
}

export interface SlotsName {
  readonly name: string;
  readonly id: string;
  readonly file: string;
  readonly epoch: number;
}

/** Takes apart what `slotsOf` has made. Undefined for what another program has chosen. */
export function parseSlots(name: string): SlotsName | undefined {
  const [, id, file, epoch] = /^([A-Za-z0-9_-]{1,200})\/([0-9a-f]{24})\/([0-9]{1,16})$/.exec(name) ?? [];
  return id === undefined || file === undefined ? undefined : { name, id, file, epoch: Number(epoch) };
}
