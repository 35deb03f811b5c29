import type { Collection, Db, Document, Filter, OptionalUnlessRequiredId, Sort } from 'mongodb';
import type { BlobChunk, BlobFile, BlobState } from './gridfs-documents.ts';
import { answered } from './mongo-calls.ts';

export interface Reading<Stored> {
  readonly filter: Filter<Stored>;
  /** The fields to read, or to leave out, in MongoDB's form. Absent: all. */
  readonly fields?: Document;
  readonly sort?: Sort;
  readonly limit?: number;
}

export interface Writing<Stored> {
  readonly filter: Filter<Stored>;
  readonly set: Partial<Stored>;
}

/** A collection, with the operations that the blobs need. Each is one command, and throws as {@link answered} does. */
export interface GridFsTable<Stored extends Document> {
  /** Finds documents, of which only the fields `Fields` are read. */
  find<Fields extends keyof Stored = keyof Stored>(reading: Reading<Stored>): Promise<readonly Pick<Stored, Fields>[]>;
  /** Throws `taken` if a document with one of these ids, or other unique fields, exists. */
  insert(...documents: readonly Stored[]): Promise<void>;
  /** Changes one document for each of these, in no order. Returns for how many there was one. */
  update(...writings: readonly Writing<Stored>[]): Promise<number>;
  /** Deletes all documents that match. */
  remove(filter: Filter<Stored>): Promise<void>;
}

/** The collections of the bucket `fs`, and the one of our own. */
export interface GridFsTables {
  readonly blobs: GridFsTable<BlobState>;
  readonly files: GridFsTable<BlobFile>;
  readonly chunks: GridFsTable<BlobChunk>;
}

/** Several processes may call this at once. Throws as {@link answered} does. */
export async function openGridFsTables(database: Db): Promise<GridFsTables> {
  // The two indexes that every driver makes for a bucket.
  await answered(database.collection('fs.files').createIndex({ filename: 1, uploadDate: 1 }));
  await answered(database.collection('fs.chunks').createIndex({ files_id: 1, n: 1 }, { unique: true }));
  return {
    blobs: openTable(database, 'fs.blobs'),
    files: openTable(database, 'fs.files'),
    chunks: openTable(database, 'fs.chunks'),
  };
}

function openTable<Stored extends Document>(database: Db, name: string): GridFsTable<Stored> {
  const collection: Collection<Stored> = database.collection<Stored>(name, {
    writeConcern: { w: 'majority', journal: true },
    // What a new primary may take back must not be reported as durable.
    readConcern: { level: 'majority' },
    readPreference: 'primary',
  });
  return {
    find({ filter, fields, sort, limit }) {
      const options = {
        ...(fields !== undefined && { projection: fields }),
        ...(sort !== undefined && { sort }),
        // So that up to this many documents are one answer; the default is 101.
        ...(limit !== undefined && { limit, batchSize: limit + 1 }),
      };
      return answered(collection.find<Stored>(filter, options).toArray());
    },
    async insert(...documents) {
      await answered(collection.insertMany([...documents] as OptionalUnlessRequiredId<Stored>[]));
    },
    async update(...writings) {
      const operations = writings.map(({ filter, set }) => ({ updateOne: { filter, update: { $set: set } } }));
      const { matchedCount } = await answered(collection.bulkWrite(operations, { ordered: false }));
      return matchedCount;
    },
    async remove(filter) {
      await answered(collection.deleteMany(filter));
    },
  };
}
