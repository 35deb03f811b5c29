import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { read } from '../../ports/blob-examples.ts';
import { openAccountsDatabase } from './accounts-database.ts';
import { openDataFolder } from './data-folder.ts';
import { openEmbeddedStores } from './embedded-stores.ts';
import { createSqliteUserStore } from './sqlite-user-store.ts';

const program = fileURLToPath(new URL('../../tests/stores/doomed-program.ts', import.meta.url));
const pieceBytes = 10_000;

describe('a process that is killed or runs out of space', () => {
  let folder: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'soundlift-durability-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await kill(child);
    await rm(folder, { recursive: true });
  });

  function start(task: 'wait' | 'insert' | 'append'): ChildProcessByStdio<null, Readable, Readable> {
    const child = spawn(process.execPath, [program, task, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Kills the process during its work, once it has printed this many lines. Returns all lines that it printed. */
  async function linesUntilKilled(task: 'insert' | 'append', count: number): Promise<readonly string[]> {
    const child = start(task);
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line);
      if (said.length === count) child.kill('SIGKILL');
    }
    expect(said.length).toBeGreaterThanOrEqual(count);
    return said.slice(1);
  }

  it('keeps every row that it acknowledged', async () => {
    const lines = await linesUntilKilled('insert', 300);
    const revisions = new Map(lines.map((line) => line.split(' ') as [string, string]));
    await using stores = await openEmbeddedStores(folder);
    for (const [id, revision] of revisions) {
      expect((await stores.conversions.get(id))?.revision).toBeGreaterThanOrEqual(Number(revision));
    }
    let count = 0;
    for await (const { id } of stores.conversions.scan('queued')) count += revisions.has(id) ? 1 : 0;
    expect(count).toBe(revisions.size);
  });

  it('keeps every byte that it acknowledged, and finished blobs stay finished', async () => {
    const lines = await linesUntilKilled('append', 60);
    await using stores = await openEmbeddedStores(folder);
    for (const id of lines) expect((await read(stores.videos, id)).equals(Buffer.alloc(pieceBytes, 1))).toBe(true);

    const { bytes = 0 } = (await stores.videos.stat('growing')) ?? {};
    expect(bytes).toBeGreaterThanOrEqual(lines.length * pieceBytes);
    await stores.videos.finish('growing', 2);
    const expected = Buffer.concat(
      Array.from({ length: lines.length + 2 }, (_, index) => Buffer.alloc(pieceBytes, index + 1)),
    ).subarray(0, bytes);
    expect((await read(stores.videos, 'growing')).equals(expected)).toBe(true);
  });

  // A real limit that is reached during a write. The shell counts it in blocks of 512 or 1024 bytes.
  it.runIf(process.platform !== 'win32')(
    'keeps the bytes that a full disk accepted, and reports how many',
    async () => {
      const child = spawn('sh', ['-c', 'ulimit -f 2000 && exec "$@"', 'sh', process.execPath, program, 'fill', folder]);
      children.push(child);
      const [, code, bytes] = (await text(child.stdout)).split('\n');
      expect(code).toBe('disk_full');
      expect([2000 * 512, 2000 * 1024]).toContain(Number(bytes));
      await using stores = await openEmbeddedStores(folder);
      expect(await stores.videos.stat('growing')).toEqual({ id: 'growing', bytes: Number(bytes), finished: false });
    },
  );

  it('keeps other processes out of its data folder only while it lives', async () => {
    const holder = start('wait');
    await once(holder.stdout, 'data');
    await expect(openEmbeddedStores(folder)).rejects.toMatchObject({
      name: 'AppError',
      code: 'data_in_use',
      message: expect.not.stringContaining(folder),
    });
    // A second process cannot open it, like this one.
    const second = start('wait');
    expect(await text(second.stderr)).toContain('data_in_use');

    await kill(holder);
    await using stores = await openEmbeddedStores(folder);
    expect(await stores.conversions.page({ owner: 'anna', limit: 1 })).toEqual({ items: [] });
  });

  it('lets accounts be added by another process while it lives', async () => {
    const holder = start('wait');
    await once(holder.stdout, 'data');
    using database = openAccountsDatabase((await openDataFolder(folder)).accountsDatabase);
    const users = createSqliteUserStore(database);
    const anna = {
      id: '1',
      email: 'anna@example.org',
      passwordHash: 'hash',
      admin: false,
      confirmed: true,
      mail: true,
    };
    await users.insert({ ...anna, createdAt: 'now' });
    await kill(holder);
    await using stores = await openEmbeddedStores(folder);
    expect(await stores.users.findByEmail('anna@example.org')).toMatchObject({ id: '1' });
  });
});
