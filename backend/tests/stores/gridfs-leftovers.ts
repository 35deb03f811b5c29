import type { Db } from 'mongodb';
import type { BlobChunk, BlobFile, BlobState } from '../../adapters/cluster/gridfs-documents.ts';

/**
 * For tests: what lies in the bucket `fs` of a database and belongs neither to a finished blob nor to one that still grows. Reads
 * every document.
 */
export async function findLeftovers(db: Db): Promise<readonly string[]> {
  const chunks = await db
    .collection<BlobChunk>('fs.chunks')
    .find({}, { projection: { data: 0 } })
    .toArray();
  const files = await db.collection<BlobFile>('fs.files').find().toArray();
  const states = await db
    .collection<BlobState>('fs.blobs')
    .find({}, { projection: { tail: 0 } })
    .toArray();
  const finished = new Map(files.map((file) => [`${file._id}`, Math.ceil(Number(file.length) / file.chunkSize)]));
  const named = new Set(states.map(({ file }) => `${file}`));
  const growing = states.filter(({ status }) => status === 'growing');
  const grown = new Set(growing.map(({ file }) => `${file}`));
  const slots = new Set(growing.map(({ _id, file, epoch }) => `${_id}/${file}/${epoch}`));

  const isOwned = ({ files_id, n }: Pick<BlobChunk, 'files_id' | 'n'>): boolean =>
    n < (finished.get(`${files_id}`) ?? 0) || grown.has(`${files_id}`) || slots.has(`${files_id}`);
  return [
    ...chunks.filter((chunk) => !isOwned(chunk)).map(({ files_id, n }) => `chunk ${n} of ${files_id}`),
    ...files.filter(({ _id }) => !named.has(`${_id}`)).map(({ filename }) => `file ${filename}`),
    ...states.filter(({ status }) => status === 'removing').map(({ _id }) => `removed blob ${_id}`),
    ...states
      .filter(({ status, file }) => status === 'finished' && !finished.has(`${file}`))
      .map(({ _id }) => `finished blob ${_id} without a file`),
  ];
}
