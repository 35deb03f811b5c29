import { Binary, ObjectId } from 'mongodb';
import { isAppError } from '../../../shared/errors.ts';
import { alreadyFinished, notTheEnd, takenOver } from '../../ports/blob-rules.ts';
import type { BlobLabel } from '../../ports/blob-store.ts';
import { anySlotOf, type BlobChunk, type BlobState, slotsOf } from './gridfs-documents.ts';
import { removeBlob, removeChunks } from './gridfs-removal.ts';
import type { GridFsTables } from './gridfs-tables.ts';

type Change = Partial<Pick<BlobState, 'bytes' | 'tail' | 'filling' | 'status'>>;

/** What a claim changes of the blob that it sees. Throws if the blob may not be claimed. */
type Decide = (seen: BlobState) => Change;

/** Which call may write to which blob. */
export interface GridFsFence {
  /**
   * Claims a blob for one call, and changes it as `decide` says. Undefined if there is none. Throws `wrong_state` if it belongs to a
   * higher fence.
   */
  claim(id: string, fence: number, decide: Decide): Promise<BlobState | undefined>;
  /** Claims a blob of 0 bytes for one call, or starts one. Throws `wrong_state` if there is another one. */
  start(id: string, fence: number, label: BlobLabel): Promise<BlobState>;
  /** Changes the blob. Throws `wrong_state` if another call has claimed it. */
  commit(claim: BlobState, change: Change): Promise<void>;
  /**
   * Makes slots for `count` chunks from number `first` on, and makes `change`. Throws `wrong_state` if another call has claimed the blob.
   */
  reserve(claim: BlobState, change: Change, first: number, count: number): Promise<readonly BlobChunk[]>;
  /** Fills slots with whole chunks. Throws `wrong_state` if another call has removed them. */
  fill(claim: BlobState, slots: readonly BlobChunk[], data: readonly Uint8Array[]): Promise<void>;
  /** Removes what does not count and was written by earlier calls. */
  settle(claim: BlobState): Promise<void>;
}

/**
 * MongoDB changes one document at a time, and a writer may stand still before or after any of its calls and go on later. So each
 * write must be harmless at any later time, also when it is carried out twice. Each kind of document is guarded in its own way:
 *
 * - **The state** (`fs.blobs`). A call first _claims_ the blob: if its fence is not lower than the stored one, it stores its fence
 *   and raises the epoch, provided that the state is still the one that it read. Each later change of the call names file and
 *   epoch. So of two writers, the one that claimed first changes nothing any more. The bytes after the last whole chunk are in this document too (`tail`), so they need no other guard.
 * - **A chunk.** A plain insert could come late and add a chunk to a file that has grown, been finished or been cut meanwhile. So a
 *   call first inserts an empty _slot_ with a `files_id` of its own. Then it changes the state by its epoch, with `filling: true`.
 *   Only then does it fill the slot, by `_id` and only if the slot still exists; this also makes it a chunk of the file. A writer
 *   that claims the blob later sees `filling`, and removes all slots of earlier epochs before it writes (`settle`). The order makes
 *   this complete: a slot whose call passed its change of the state was inserted before the claim, so it is there to be removed. A
 *   slot that is inserted after the claim is never filled, because the change of the state that comes before fails.
 * - **What was filled but not committed**, by an earlier call or by one that died: chunks at or after the last whole chunk that
 *   counts, with a lower epoch. `settle` removes them after the slots, since until then more may come. It never removes what a later
 *   call wrote, because it removes lower epochs only. So it may run late, too.
 *
 * - **The document in `fs.files`** is for other programs. It is made after the state is `finished`, which makes everything in it
 *   final, so anybody may make it at any time. If the blob has been removed meanwhile, no state names its file.
 * - **A removal** first changes the state to `removing`. From then on nobody writes to the file, and anybody may remove what is left
 *   of it. A blob that is started again has another file.
 *
 * A chunk that counts is never changed. Bytes count when `bytes` is changed, after the chunks are written. What is left of writers
 * that died and of blobs that nobody claims again, `listStates` removes.
 */
export function createGridFsFence(tables: GridFsTables, chunkBytes: number): GridFsFence {
  const { blobs, chunks } = tables;

  async function claim(id: string, fence: number, decide: Decide): Promise<BlobState | undefined> {
    for (;;) {
      const [seen] = await blobs.find({ filter: { _id: id } });
      if (seen === undefined) return undefined;
      if (seen.fence > fence) throw takenOver();
      const change = { ...decide(seen), fence, epoch: seen.epoch + 1 };
      const { file, epoch, status, bytes, filling } = seen;
      const changed = await blobs.update({ filter: { _id: id, file, epoch, status, bytes, filling }, set: change });
      // Another call has claimed it since, or the last one has changed it.
      if (changed === 0) continue;
      const claimed = { ...seen, ...change };
      if (claimed.status === 'growing' && claimed.filling) await settle(claimed);
      return claimed;
    }
  }

  async function start(id: string, fence: number, label: BlobLabel): Promise<BlobState> {
    const state: BlobState = {
      _id: id,
      file: new ObjectId(),
      fence,
      epoch: 1,
      status: 'growing',
      bytes: 0,
      chunkBytes,
      tail: null,
      filling: false,
      label,
    };
    for (;;) {
      try {
        await blobs.insert(state);
        return state;
      } catch (error) {
        if (!isAppError(error, 'taken')) throw error;
      }
      const claimed = await claim(id, fence, (seen) => (seen.status === 'removing' ? {} : requireEnd(seen, 0)));
      if (claimed?.status === 'removing') await removeBlob(tables, claimed);
      else if (claimed !== undefined) return claimed;
    }
  }

  async function commit({ _id, file, epoch }: BlobState, change: Change): Promise<void> {
    if ((await blobs.update({ filter: { _id, file, epoch }, set: change })) === 0) throw takenOver();
  }

  async function reserve(
    state: BlobState,
    change: Change,
    first: number,
    count: number,
  ): Promise<readonly BlobChunk[]> {
    const slots = Array.from({ length: count }, (_, index) => ({
      _id: new ObjectId(),
      files_id: slotsOf(state),
      n: first + index,
      data: new Binary(),
      epoch: state.epoch,
    }));
    await chunks.insert(...slots);
    await commit(state, { ...change, filling: true });
    return slots;
  }

  async function fill({ file }: BlobState, slots: readonly BlobChunk[], data: readonly Uint8Array[]): Promise<void> {
    const fills = slots.map(({ _id }, index) => ({
      filter: { _id },
      set: { files_id: file, data: new Binary(data[index]) },
    }));
    if ((await chunks.update(...fills)) < fills.length) throw takenOver();
  }

  async function settle(state: BlobState): Promise<void> {
    const { file, epoch, bytes } = state;
    await chunks.remove({ files_id: anySlotOf(state), epoch: { $lt: epoch } });
    await removeChunks(tables, file, Math.floor(bytes / state.chunkBytes), epoch);
    await commit(state, { filling: false });
  }

  return { claim, start, commit, reserve, fill, settle };
}

/** Throws `wrong_state` unless the blob grows and has `bytes` bytes. */
export function requireEnd({ status, bytes }: BlobState, offset: number): Change {
  if (status === 'finished') throw alreadyFinished();
  if (status === 'removing' || bytes !== offset) throw notTheEnd();
  return {};
}
