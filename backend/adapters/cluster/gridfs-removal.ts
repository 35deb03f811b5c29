import type { ObjectId } from 'mongodb';
import { anySlotOf, type BlobFacts } from './gridfs-documents.ts';
import type { GridFsTables } from './gridfs-tables.ts';

/** How many chunks are removed in one call, so that each call is short. */
const portion = 200;

/** Removes the chunks of a file from number `first` on that calls before `epoch` wrote. */
export async function removeChunks(
  { chunks }: GridFsTables,
  file: ObjectId,
  first: number,
  epoch: number,
): Promise<void> {
  for (let from = first; ; ) {
    // Only the numbers, so that the index is enough.
    const found = await chunks.find<'n'>({
      filter: { files_id: file, n: { $gte: from } },
      fields: { _id: 0, n: 1 },
      sort: { n: 1 },
      limit: portion,
    });
    const last = found.at(-1);
    if (last === undefined) return;
    await chunks.remove({ files_id: file, n: { $gte: from, $lte: last.n }, epoch: { $lt: epoch } });
    if (found.length < portion) return;
    from = last.n + 1;
  }
}

/**
 * Removes everything of a blob whose status is `removing`. Any process may do this at any time, also several at once: nobody
 * writes to its file any more. The slots go before the chunks, since until then a writer may make chunks of them. The state goes
 * last, so that a crash on the way loses track of nothing.
 */
export async function removeBlob(tables: GridFsTables, state: BlobFacts): Promise<void> {
  const { blobs, files, chunks } = tables;
  const { _id, file } = state;
  await files.remove({ _id: file });
  await chunks.remove({ files_id: anySlotOf(state) });
  await removeChunks(tables, file, 0, Number.POSITIVE_INFINITY);
  await blobs.remove({ _id, file, status: 'removing' });
}
