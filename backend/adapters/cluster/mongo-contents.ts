import { randomBytes } from 'node:crypto';
import type { Db } from 'mongodb';
import { AppError } from '../../../shared/errors.ts';
import { openTable, type StoredDocument } from './mongo-table.ts';

/** The version of the documents and indexes. A later version brings the documents of earlier ones up to date when it starts. */
const schemaVersion = 1;

interface Contents extends StoredDocument {
  readonly version: number;
  readonly name: string;
}

/** What the database holds, as a document in it says. */
export interface DatabaseContents {
  /** 16 hexadecimal digits, drawn when the first process started. Change positions begin with it. */
  readonly name: string;
}

/** Reads what the database holds, and notes it if it is new. Throws `unsupported` if a newer version has written it. */
export async function readContents(database: Db): Promise<DatabaseContents> {
  const table = openTable<Contents>(database, { name: 'contents', indexes: {} });
  const id = 'soundlift';
  await table.make(id, { version: schemaVersion, name: randomBytes(8).toString('hex') });
  const [found] = await table.find({ index: 'ids', filter: { _id: { $eq: id } }, limit: 1 });
  if (!(Number(found?.['version']) <= schemaVersion)) {
    throw new AppError(
      'unsupported',
      'The database that MONGODB_URL names was written by a newer version of Soundlift; update Soundlift to use it, or name another database.',
    );
  }
  return { name: String(found?.['name']) };
}
