import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { Binary, type Db, GridFSBucket, MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { from, label, listed, read, sha256 } from '../../ports/blob-examples.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import { countCalls, type FrozenWork, freezeAt } from '../../ports/freezing.ts';
import { startMongoForTests, type TestMongo } from '../../tests/servers/private-mongodb.ts';
import { freezableGridFs, gridFsWith, unhurriedGridFs } from '../../tests/stores/freezable-gridfs.ts';
import { findLeftovers } from '../../tests/stores/gridfs-leftovers.ts';
import { createGridFsBlobStore } from './gridfs-blob-store.ts';
import { createGridFsFence } from './gridfs-fence.ts';
import { type GridFsTables, openGridFsTables } from './gridfs-tables.ts';
import { createLocalCopies } from './local-copies.ts';

const chunkBytes = 4096;
const [firstFence, stoppedFence, laterFence] = [3, 5, 9];

let server: TestMongo;
let client: MongoClient;
let folder: string;
beforeAll(async () => {
  server = await startMongoForTests();
  client = new MongoClient(server.url);
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-stopped-'));
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const copies = createLocalCopies('', async () => 0);
let database: Db;
let tables: GridFsTables;
let store: BlobStore;
/** The store of the writers that are stopped. */
let stopped: BlobStore;
beforeEach(async () => {
  database = client.db(randomUUID());
  tables = unhurriedGridFs(await openGridFsTables(database));
  store = createGridFsBlobStore(tables, copies, chunkBytes);
  stopped = createGridFsBlobStore(freezableGridFs(tables), copies, chunkBytes);
});
afterEach(() => database.dropDatabase());

/** What the writer does that is stopped. */
const writers: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  starts: (id) => stopped.append(`${id}-new`, stoppedFence, 0, from(randomBytes(2.5 * chunkBytes)), label),
  appends: (id) => stopped.append(id, stoppedFence, 2.5 * chunkBytes, from(randomBytes(1.75 * chunkBytes)), label),
  truncates: (id) => stopped.truncate(id, stoppedFence, 1.25 * chunkBytes),
  finishes: (id) => stopped.finish(id, stoppedFence),
  adopts: (id) => stopped.adopt(id, stoppedFence, path.join(folder, id), label),
  removes: (id) => stopped.remove(id, stoppedFence),
};

/** What happens to the blob after that. */
const afterwards: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  'is left as it is': async () => undefined,
  'is finished by another writer': async (id) => {
    if ((await store.stat(id))?.finished === false) await store.finish(id, laterFence);
  },
  'is removed by another writer': (id) => store.remove(id, laterFence),
};

it.each(Object.keys(afterwards))(
  'a sweep removes what a writer left that died at any step, if the blob %s',
  async (next) => {
    const dead: FrozenWork[] = [];
    await Promise.all(
      Object.values(writers).map(async (writer) => {
        const steps = await countCalls(async () => writer(await begin()));
        expect(steps).toBeGreaterThan(0);
        for (let step = 1; step <= steps; step += 1) {
          for (const point of step < steps ? (['before'] as const) : (['before', 'after'] as const)) {
            const id = await begin();
            const work = await freezeAt(step, point, () => writer(id));
            if (work === undefined) throw new Error(`it was not stopped at step ${step}`);
            dead.push(work);
            await afterwards[next]?.(id);
            await afterwards[next]?.(`${id}-new`);
          }
        }
      }),
    );
    await listed(store);
    expect(await findLeftovers(database)).toEqual([]);
    const bytes = await finishedBytes();

    // Now they wake up.
    await Promise.all(dead.map((work) => work.thaw()));
    await listed(store);
    expect(await findLeftovers(database)).toEqual([]);
    // If nobody else has taken the blob, they may still change it.
    if (next !== 'is left as it is') expect(await finishedBytes()).toMatchObject(bytes);
  },
);

/** Starts a blob, and makes a file to be adopted. */
async function begin(): Promise<string> {
  const id = randomUUID();
  await store.append(id, firstFence, 0, from(randomBytes(2.5 * chunkBytes)), label);
  await writeFile(path.join(folder, id), randomBytes(1.5 * chunkBytes));
  return id;
}

/** Digests of the finished blobs as another GridFS program reads them, by id. */
async function finishedBytes(): Promise<Readonly<Record<string, string>>> {
  const bucket = new GridFSBucket(database);
  const files = await bucket.find().toArray();
  return Object.fromEntries(
    await Promise.all(
      files.map(async ({ _id, filename }) => [filename, sha256(await buffer(bucket.openDownloadStream(_id)))]),
    ),
  );
}

/** A writer that loses the answer to its write number `step`, which was carried out. */
function losing(step: number): BlobStore {
  let writes = 0;
  const write = async <Result>(command: () => Promise<Result>): Promise<Result> => {
    writes += 1;
    const isLost = writes === step;
    const answer = await command();
    if (isLost) throw new AppError('unavailable', 'The answer was lost.');
    return answer;
  };
  return createGridFsBlobStore(gridFsWith({ read: (command) => command(), write }, tables), copies, chunkBytes);
}

/** What a writer does until it has succeeded, with the result that it must have. */
const persistent: Readonly<Record<string, (writer: BlobStore, id: string) => Promise<Buffer | undefined>>> = {
  async uploads(writer, id) {
    const bytes = randomBytes(3.5 * chunkBytes);
    await persist(async () => {
      const { bytes: kept = 0, finished = false } = (await store.stat(id)) ?? {};
      if (!finished) await writer.append(id, 1, kept, from(bytes.subarray(kept)), label);
    });
    await persist(() => writer.finish(id, 1));
    return bytes;
  },
  async 'cuts back'(writer, id) {
    const bytes = randomBytes(3.5 * chunkBytes);
    await store.append(id, 1, 0, from(bytes), label);
    await persist(() => writer.truncate(id, 2, 1.5 * chunkBytes));
    await store.finish(id, 2);
    return bytes.subarray(0, 1.5 * chunkBytes);
  },
  async adopts(writer, id) {
    const bytes = randomBytes(2.5 * chunkBytes);
    const file = path.join(folder, id);
    await writeFile(file, bytes);
    await store.append(id, 1, 0, from(randomBytes(1.5 * chunkBytes)), label);
    await persist(() => writer.adopt(id, 2, file, label));
    return bytes;
  },
  async removes(writer, id) {
    await store.append(id, 1, 0, from(randomBytes(2.5 * chunkBytes)), label);
    await store.finish(id, 1);
    await persist(() => writer.remove(id, 2));
    return undefined;
  },
};

async function persist(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!isAppError(error, 'unavailable')) throw error;
    await call();
  }
}

it.each(Object.entries(persistent))(
  'a writer that %s and loses an answer tries again and succeeds',
  async (_, work) => {
    const wrong: string[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async (_unused, index) => {
        const id = randomUUID();
        const expected = await work(losing(index + 1), id);
        const actual = expected === undefined ? await store.stat(id) : sha256(await read(store, id));
        if (actual !== (expected && sha256(expected))) wrong.push(`answer ${index + 1}`);
      }),
    );
    expect(wrong).toEqual([]);
    await listed(store);
    expect(await findLeftovers(database)).toEqual([]);
  },
);

/** One of many calls. If `stopAt` is given, it stands still at this write, and goes on at the end. */
const anyCall = fc.record({
  kind: fc.constantFrom('append', 'append', 'append', 'truncate', 'finish', 'remove'),
  size: fc.nat(3 * chunkBytes),
  by: fc.constantFrom('the same writer', 'a later writer', 'an earlier writer'),
  stopAt: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined, freq: 3 }),
});
type AnyCall = typeof anyCall extends fc.Arbitrary<infer Call> ? Call : never;

/** What a blob must be. */
interface Model {
  readonly bytes: Buffer;
  readonly finished: boolean;
}

/** What becomes of a blob by a call; the code of the error that it throws. */
function afterCall(blob: Model | undefined, { kind, size }: AnyCall, data: Buffer): Model | undefined | string {
  if (kind === 'remove') return undefined;
  if (blob === undefined) return kind === 'append' ? { bytes: data, finished: false } : 'not_found';
  if (kind === 'finish') return { ...blob, finished: true };
  if (blob.finished) return 'wrong_state';
  if (kind === 'append') return { ...blob, bytes: Buffer.concat([blob.bytes, data]) };
  return { ...blob, bytes: blob.bytes.subarray(0, size % (blob.bytes.length + 1)) };
}

it('has the bytes that a model has, whatever writers do, some of them stopped at any step', async () => {
  const runs = fc.asyncProperty(fc.array(anyCall, { minLength: 2, maxLength: 10 }), async (calls) => {
    const id = randomUUID();
    const stood: FrozenWork[] = [];
    let blob: Model | undefined;
    let fence = 1;
    /** The blob has at least this fence. */
    let stored = 0;
    /** A call under this fence may still be going on. */
    let isUsed = false;
    for (const call of calls) {
      const isEarlier: boolean = call.by === 'an earlier writer' && blob !== undefined && stored > 1;
      if (!isEarlier && (call.by === 'a later writer' || isUsed)) fence += 1;
      const under = isEarlier ? stored - 1 : fence;
      const data = randomBytes(call.size);
      const length = blob?.bytes.length ?? 0;
      const run = (): Promise<unknown> => {
        const writer = isEarlier ? store : stopped;
        if (call.kind === 'append') return writer.append(id, under, length, from(data), label);
        if (call.kind === 'truncate') return writer.truncate(id, under, call.size % (length + 1));
        return call.kind === 'finish' ? writer.finish(id, under) : writer.remove(id, under);
      };
      const after = afterCall(blob, call, data);
      if (call.stopAt !== undefined && !isEarlier) {
        isUsed = true;
        const work = await freezeAt(call.stopAt, 'before', run);
        if (work !== undefined) stood.push(work);
        blob = await seenOf(id, [after, blob]);
      } else {
        const outcome = await run().then(
          () => undefined,
          (error: unknown) => (isAppError(error) ? error.code : error),
        );
        const expected = isEarlier ? 'wrong_state' : typeof after === 'string' ? after : undefined;
        expect([call.kind, call.by, outcome]).toEqual([call.kind, call.by, expected]);
        if (!isEarlier) isUsed = false;
        if (expected === undefined && typeof after !== 'string') {
          blob = after;
          stored = under;
        }
      }
      expect(await store.stat(id)).toEqual(blob && { id, bytes: blob.bytes.length, finished: blob.finished });
    }

    fence += 1;
    if (blob === undefined) await store.append(id, fence, 0, from(), label);
    await store.finish(id, fence);
    await Promise.all(stood.map((work) => work.thaw()));
    expect((await read(store, id)).equals(blob?.bytes ?? Buffer.alloc(0))).toBe(true);
  });
  await fc.assert(runs, { numRuns: 40 });
  await listed(store);
  expect(await findLeftovers(database)).toEqual([]);
});

/** The blob as `stat` shows it after a call that has not ended. Its bytes are a beginning of those that the call makes, or of those before. */
async function seenOf(id: string, made: readonly (Model | undefined | string)[]): Promise<Model | undefined> {
  const seen = await store.stat(id);
  if (seen === undefined) return undefined;
  const possible = made.flatMap((blob) => (typeof blob === 'object' ? [blob.bytes] : []));
  const longest = possible.toSorted((one, other) => other.length - one.length)[0] ?? Buffer.alloc(0);
  return { bytes: longest.subarray(0, seen.bytes), finished: seen.finished };
}

it('a claim knows what another writer has stored between its look at the blob and its own change', async () => {
  const fence = createGridFsFence(tables, chunkBytes);
  const first = await fence.start('a', firstFence, label);
  let isBetween = true;
  async function find(reading: Parameters<GridFsTables['blobs']['find']>[0]) {
    const found = await tables.blobs.find(reading);
    if (isBetween) await fence.commit(first, { bytes: 10, tail: new Binary(randomBytes(10)), filling: true });
    isBetween = false;
    return found;
  }
  const late = createGridFsFence({ ...tables, blobs: { ...tables.blobs, find } }, chunkBytes);
  const seen: number[] = [];
  const claimed = await late.claim('a', laterFence, ({ bytes }) => {
    seen.push(bytes);
    return {};
  });
  expect(seen).toEqual([0, 10]);
  expect(claimed).toMatchObject({ bytes: 10, fence: laterFence });
  expect(await tables.blobs.find({ filter: { _id: 'a' } })).toMatchObject([{ bytes: 10, filling: false }]);
});
