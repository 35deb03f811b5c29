import { Long } from 'mongodb';
import { isAppError } from '../../../shared/errors.ts';
import type { BlobFacts } from './gridfs-documents.ts';
import type { GridFsTables } from './gridfs-tables.ts';

/**
 * Makes the document in `fs.files` by which other GridFS programs find a finished blob, unless it is there. Nothing of it can change
 * any more, so it does not matter who makes it.
 */
export async function publish({ files }: GridFsTables, state: BlobFacts): Promise<void> {
  const { _id, file, bytes, chunkBytes, label } = state;
  const document = {
    _id: file,
    // A plain number beyond 32 bits would be stored as a fraction.
    length: Long.fromNumber(bytes),
    chunkSize: chunkBytes,
    uploadDate: new Date(),
    filename: _id,
    metadata: label,
  };
  try {
    await files.insert(document);
  } catch (error) {
    if (!isAppError(error, 'taken')) throw error;
  }
}
