import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { processesIn } from '../running/processes.ts';
import { waitUntil } from '../running/wait-until.ts';
import { type PrivateMongo, startMongoForTests, startPrivateMongo } from './private-mongodb.ts';

describe('a private MongoDB', () => {
  let server: PrivateMongo;
  let client: MongoClient;
  beforeAll(async () => {
    server = await startPrivateMongo();
    client = new MongoClient(server.url, { serverSelectionTimeoutMS: 1000, socketTimeoutMS: 1000 });
  });
  afterAll(async () => {
    await client.close();
    await server[Symbol.asyncDispose]();
  });

  const ping = () => client.db('admin').command({ ping: 1 });

  it.each(['kill', 'stop'] as const)('keeps what it acknowledged, and its address, after %s and start', async (end) => {
    const things = client.db('things').collection<{ _id: string }>(end);
    await things.insertOne({ _id: 'kept' });
    await server[end]();
    await expect(ping()).rejects.toThrow();
    await server.start();
    await expect.poll(ping).toMatchObject({ ok: 1 });
    expect(await things.find().toArray()).toEqual([{ _id: 'kept' }]);
  });

  it('answers nothing while it is frozen', async () => {
    await server.freeze();
    await expect(ping()).rejects.toThrow();
    server.thaw();
    await expect.poll(ping).toMatchObject({ ok: 1 });
  });
});

it.runIf(process.platform === 'linux')('ends with its process, even if that is killed with SIGKILL', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-mongodb-test-'));
  const file = JSON.stringify(join(import.meta.dirname, 'private-mongodb.ts'));
  const script = `const { startPrivateMongo } = await import(${file}); await startPrivateMongo(); console.log('started'); setInterval(() => {}, 1000);`;
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { env });
  await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  expect(await processesIn(folder)).toHaveLength(1);
  child.kill('SIGKILL');
  await waitUntil('the server has ended', async () => (await processesIn(folder)).length === 0);
  await rm(folder, { recursive: true });
});

it('is not started if MONGODB_URL names a server', async () => {
  vi.stubEnv('MONGODB_URL', 'mongodb://somewhere:27017');
  await using server = await startMongoForTests();
  expect(server.url).toBe('mongodb://somewhere:27017');
  vi.unstubAllEnvs();
});
