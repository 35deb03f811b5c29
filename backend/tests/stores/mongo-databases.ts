import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { startMongoForTests } from '../servers/private-mongodb.ts';

/** A database of one test. Disposing of it empties it. */
export interface TestDatabase extends AsyncDisposable {
  /** With its name. */
  readonly url: string;
  readonly name: string;
}

/** Databases on one server, for the tests of one file. */
export interface TestDatabases extends AsyncDisposable {
  /** An empty database. Its indexes may exist already: making them takes longer than most tests. */
  take(): TestDatabase;
  /** A client of the server, with the driver's own settings. */
  readonly client: MongoClient;
}

export async function openTestDatabases(): Promise<TestDatabases> {
  const server = await startMongoForTests();
  const client = new MongoClient(server.url);
  const made: string[] = [];
  const free: string[] = [];
  return {
    client,
    take() {
      const name = free.pop() ?? `test-${randomUUID()}`;
      if (!made.includes(name)) made.push(name);
      return {
        url: Object.assign(new URL(server.url), { pathname: `/${name}` }).href,
        name,
        async [Symbol.asyncDispose]() {
          for (const collection of await client.db(name).collections()) await collection.deleteMany();
          free.push(name);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const name of made) await client.db(name).dropDatabase();
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
