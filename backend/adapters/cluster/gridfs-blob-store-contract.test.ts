import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll } from 'vitest';
import { describeBlobStore } from '../../ports/blob-store.contract.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import { waitUntil } from '../../tests/running/wait-until.ts';
import { type PrivateMongo, startPrivateMongo } from '../../tests/servers/private-mongodb.ts';
import { freezableGridFs, unhurriedGridFs } from '../../tests/stores/freezable-gridfs.ts';
import { roomInFolder } from '../../tests/stores/room-in-folder.ts';
import { createGridFsBlobStore } from './gridfs-blob-store.ts';
import { openGridFsTables } from './gridfs-tables.ts';
import { createLocalCopies } from './local-copies.ts';

const kibibyte = 1024;
const chunkBytes = 32 * kibibyte;
const copyBudgetBytes = 1024 * kibibyte + 1;

let server: PrivateMongo;
let client: MongoClient;
let folder: string;
beforeAll(async () => {
  server = await startPrivateMongo();
  client = new MongoClient(server.url, { serverSelectionTimeoutMS: 300, socketTimeoutMS: 60_000 });
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-copies-'));
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describeBlobStore('GridFS', async () => {
  const database = client.db(randomUUID());
  const copies = createLocalCopies(folder, roomInFolder(folder, copyBudgetBytes));
  const tables = unhurriedGridFs(await openGridFsTables(database));
  const open = (): BlobStore => createGridFsBlobStore(tables, copies, chunkBytes);
  let isAway = false;
  return {
    store: createGridFsBlobStore(freezableGridFs(tables), copies, chunkBytes),
    other: open(),
    chunkBytes,
    copyBudgetBytes,
    reopen: async () => open(),
    async takeAway() {
      isAway = true;
      await server.kill();
    },
    async dispose() {
      if (isAway) await server.start();
      const isFound = (): Promise<boolean> =>
        database.command({ ping: 1 }).then(
          () => true,
          () => false,
        );
      await waitUntil('the client has found the server', isFound);
      await database.dropDatabase();
    },
  };
});
