import type { Collection, Db, Document, Filter, IndexDescription, Sort, UpdateFilter } from 'mongodb';
import { isAppError } from '../../../shared/errors.ts';
import { answered } from './mongo-calls.ts';

/** A document of ours. Its id is always a string. */
export interface StoredDocument {
  readonly _id: string;
}

/** A document as it was read: nothing is known of its fields until they are checked. */
export type FoundDocument = Readonly<Record<string, unknown>>;

/** The value at a path such as `row.owner`; undefined if there is none. */
export function valueAt(document: FoundDocument, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }, document);
}

/**
 * What to read, and by which index. The index is named, so that no planner can choose to read the whole collection. A search by ids
 * needs no name: every planner knows their index.
 */
export interface Search<Stored, IndexName extends string> {
  readonly index: IndexName | 'ids';
  readonly filter: Filter<Stored>;
}

export interface Reading<Stored, IndexName extends string> extends Search<Stored, IndexName> {
  readonly sort?: Sort;
  readonly limit?: number;
  readonly fields?: Document;
}

export interface Writing<Stored> {
  readonly filter: Filter<Stored>;
  readonly change: UpdateFilter<Stored>;
}

/** How many writes are sent as one command, so that it is answered in time. */
const writesAtOnce = 100;

/**
 * A collection of MongoDB, with the few operations that the stores need. Each is one command, or as many as are said, and throws as
 * {@link answered} does. Values from outside are only ever operands of `$eq`, `$in` and the like, or values of fields that are set. So
 * one that looks like an operator is never taken for one.
 */
export interface MongoTable<Stored extends StoredDocument, IndexName extends string> {
  find(reading: Reading<Stored, IndexName>): Promise<readonly FoundDocument[]>;
  /** Reads no document, only the index. At most `limit` are counted. */
  count(search: Search<Stored, IndexName>, limit?: number): Promise<number>;
  /** Runs further stages over what a search finds. */
  aggregate(search: Search<Stored, IndexName>, ...stages: readonly Document[]): Promise<readonly FoundDocument[]>;
  /** Changes one document. Returns whether there was one. */
  update(writing: Writing<Stored>): Promise<boolean>;
  /** Changes one document, or makes it. If the filter has an id, and more that its document does not match, throws `taken`. */
  upsert(writing: Writing<Stored>): Promise<void>;
  /** Changes each of these documents by itself, in no order, with a command for every 100. Returns how many were changed. */
  updateEach(writings: readonly Writing<Stored>[]): Promise<number>;
  /** Changes all documents that a search finds, each by itself. */
  updateAll(writing: Writing<Stored>, index: IndexName | 'ids'): Promise<void>;
  /** Makes a document with these fields, unless there is one with this id. */
  make(id: string, fields: Partial<Stored>): Promise<void>;
  /** Changes one document, and returns it as it is then. Undefined if there is none. */
  change(writing: Writing<Stored>): Promise<FoundDocument | undefined>;
  /** Deletes what a search finds. Returns how many. */
  remove(search: Search<Stored, IndexName>): Promise<number>;
}

export interface TableDescription<IndexName extends string> {
  readonly name: string;
  readonly indexes: Readonly<Record<IndexName, Omit<IndexDescription, 'name'>>>;
}

/** Makes the collection's indexes, unless they exist. Several processes may do that at once. */
export async function declareTable<IndexName extends string>(
  database: Db,
  { name, indexes }: TableDescription<IndexName>,
): Promise<void> {
  const descriptions = Object.entries<Omit<IndexDescription, 'name'>>(indexes);
  if (descriptions.length === 0) return;
  await answered(
    database.collection(name).createIndexes(descriptions.map(([index, rest]) => ({ ...rest, name: index }))),
  );
}

export function openTable<Stored extends StoredDocument, IndexName extends string = never>(
  database: Db,
  { name }: TableDescription<IndexName>,
): MongoTable<Stored, IndexName> {
  const collection: Collection<Stored> = database.collection<Stored>(name);

  async function upsert({ filter, change }: Writing<Stored>): Promise<void> {
    await answered(collection.updateOne(filter, change, { upsert: true }));
  }

  return {
    find({ filter, index, sort, limit, fields }) {
      const options = {
        ...hintOf(index),
        ...(sort === undefined ? {} : { sort }),
        // So that up to this many documents are one answer; the default is 101.
        batchSize: limit === undefined ? 10_000 : limit + 1,
        ...(limit === undefined ? {} : { limit }),
        ...(fields === undefined ? {} : { projection: fields }),
      };
      return answered(collection.find<Document>(filter, options).toArray());
    },

    count({ filter, index }, limit) {
      return answered(
        collection.countDocuments(filter, {
          ...hintOf(index),
          ...(limit === undefined ? {} : { limit: Math.max(1, limit) }),
        }),
      );
    },

    aggregate({ filter, index }, ...stages) {
      return answered(collection.aggregate([{ $match: filter }, ...stages], hintOf(index)).toArray());
    },

    async update({ filter, change }) {
      const { matchedCount } = await answered(collection.updateOne(filter, change));
      return matchedCount === 1;
    },

    upsert,

    async updateEach(writings) {
      let changed = 0;
      for (let from = 0; from < writings.length; from += writesAtOnce) {
        const some = writings.slice(from, from + writesAtOnce);
        const operations = some.map(({ filter, change }) => ({ updateOne: { filter, update: change } }));
        const { modifiedCount } = await answered(collection.bulkWrite(operations, { ordered: false }));
        changed += modifiedCount;
      }
      return changed;
    },

    async updateAll({ filter, change }, index) {
      await answered(collection.updateMany(filter, change, hintOf(index)));
    },

    async make(id, fields) {
      if (typeof id !== 'string') throw new TypeError('an id must be a text');
      const writing: Writing<StoredDocument> = { filter: { _id: { $eq: id } }, change: { $setOnInsert: fields } };
      try {
        await upsert(writing as unknown as Writing<Stored>);
      } catch (error) {
        // Another process has just made it.
        if (!isAppError(error, 'taken')) throw error;
      }
    },

    async change({ filter, change }) {
      const found = await answered(collection.findOneAndUpdate(filter, change, { returnDocument: 'after' }));
      return found ?? undefined;
    },

    async remove({ filter, index }) {
      const { deletedCount } = await answered(collection.deleteMany(filter, hintOf(index)));
      return deletedCount;
    },
  };
}

function hintOf(index: string): { readonly hint?: string } {
  return index === 'ids' ? {} : { hint: index };
}
