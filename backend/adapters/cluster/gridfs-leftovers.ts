import type { ObjectId } from 'mongodb';
import { type BlobFacts, factsOnly, parseSlots } from './gridfs-documents.ts';
import { publish } from './gridfs-publishing.ts';
import { removeBlob } from './gridfs-removal.ts';
import type { GridFsTables } from './gridfs-tables.ts';

/** How many states are read at a time. */
const portion = 500;

/**
 * Lists the states of all blobs, and repairs what dead writers left behind. Each repair compares what it finds with a state that
 * it reads afterwards, and then does what stays right whatever else happens: see the functions below.
 */
export async function* listStates(tables: GridFsTables): AsyncGenerator<BlobFacts> {
  const { blobs } = tables;
  await removeDeadSlots(tables);
  for (let after = ''; ; ) {
    const states: readonly BlobFacts[] = await blobs.find<keyof BlobFacts>({
      filter: { _id: { $gt: after } },
      fields: factsOnly,
      sort: { _id: 1 },
      limit: portion,
    });
    const last = states.length < portion ? undefined : states.at(-1)?._id;
    await repairFiles(tables, states, { $gt: after, ...(last !== undefined && { $lte: last }) });
    for (const state of states) {
      if (state.status === 'removing') await removeBlob(tables, state);
      else yield state;
    }
    if (last === undefined) return;
    after = last;
  }
}

/**
 * Removes slots that will never be filled: their blob is gone, or has been claimed by a later call. A slot is inserted after its
 * call claimed the blob, so if the state that is read later does not have its epoch, that call has been shut out.
 */
async function removeDeadSlots({ blobs, chunks }: GridFsTables): Promise<void> {
  // The chunks of files have no string.
  const found = await chunks.find<'files_id'>({ filter: { files_id: { $gte: '' } }, fields: { _id: 0, files_id: 1 } });
  const slots = [...new Set(found.map(({ files_id }) => String(files_id)))].flatMap((name) => parseSlots(name) ?? []);
  const states = await blobs.find<'_id' | 'file' | 'epoch'>({
    filter: { _id: { $in: slots.map(({ id }) => id) } },
    fields: { file: 1, epoch: 1 },
  });
  const byId = new Map(states.map((state) => [state._id, state]));
  const dead = slots.filter(({ id, file, epoch }) => {
    const state = byId.get(id);
    return state?.file.toHexString() !== file || epoch < state.epoch;
  });
  if (dead.length > 0) await chunks.remove({ files_id: { $in: dead.map(({ name }) => name) } });
}

/**
 * Makes `fs.files` agree with `states`, the blobs whose ids are within `range`. A finished blob without a document there was
 * finished by a process that died; the document is made now. A document of a file that no state names was made by a process that
 * stood still while the blob was removed. No state will ever name that file again.
 */
async function repairFiles(
  tables: GridFsTables,
  states: readonly BlobFacts[],
  range: { readonly $gt: string; readonly $lte?: string },
): Promise<void> {
  const { files } = tables;
  const published = await files.find<'_id' | 'filename'>({ filter: { filename: range }, fields: { filename: 1 } });
  const known = new Set(published.map(({ _id }) => _id.toHexString()));
  const named = new Set(states.map(({ file }) => file.toHexString()));

  for (const state of states) {
    if (state.status !== 'finished' || known.has(state.file.toHexString())) continue;
    // Without its chunks, it was removed by another program.
    if (state.bytes > 0 && !(await hasChunks(tables, state.file))) continue;
    await publish(tables, state);
    // It may have been removed since it was read.
    if (!(await isNamed(tables, state._id, state.file))) await files.remove({ _id: state.file });
  }
  for (const { _id, filename } of published) {
    if (named.has(_id.toHexString()) || (await isNamed(tables, filename, _id))) continue;
    // A file with chunks was put there by another program.
    if (!(await hasChunks(tables, _id))) await files.remove({ _id });
  }
}

/** Whether the state of the blob `id` names the file now. */
async function isNamed({ blobs }: GridFsTables, id: string, file: ObjectId): Promise<boolean> {
  return (await blobs.find<'_id'>({ filter: { _id: id, file }, fields: { _id: 1 } })).length > 0;
}

async function hasChunks({ chunks }: GridFsTables, file: ObjectId): Promise<boolean> {
  return (await chunks.find<'n'>({ filter: { files_id: file }, fields: { _id: 0, n: 1 }, limit: 1 })).length > 0;
}
