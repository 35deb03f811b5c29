import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeFolder } from './make-folder.ts';

const syncs: string[] = [];
vi.mock('node:fs/promises', async (importActual) => {
  const { recordSyncs } = await import('../backend/tests/recorded-syncs.ts');
  return recordSyncs(await importActual(), (what) => void syncs.push(what));
});

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'soundlift-make-folder-'));
});
afterEach(() => rm(root, { recursive: true }));

it('creates a folder and its parents with the given permissions, even for several callers at once', async () => {
  const folder = path.join(root, 'a', 'b', 'c');
  await Promise.all([makeFolder(folder, 0o700), makeFolder(folder, 0o700), makeFolder(path.join(root, 'a'), 0o700)]);
  await makeFolder(folder);
  for (const made of [folder, path.join(root, 'a')]) {
    const facts = await stat(made);
    expect(facts.isDirectory()).toBe(true);
    if (process.platform !== 'win32') expect(facts.mode & 0o777).toBe(0o700);
  }
});

it.skipIf(process.platform === 'win32')('makes the names of all new folders durable', async () => {
  await makeFolder(path.join(root, 'a', 'b', 'c'));
  const above = [root, path.join(root, 'a'), path.join(root, 'a', 'b')];
  expect(syncs).toEqual(expect.arrayContaining(above.map((folder) => `sync ${folder}`)));
});

it('rejects if a file has that name', async () => {
  const file = path.join(root, 'file');
  await writeFile(file, '');
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(path.join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

it.runIf(process.platform === 'linux')('rejects, and does not hang, if the system refuses a new folder', async () => {
  await expect(makeFolder('/proc/nowhere/at/all')).rejects.toMatchObject({ code: 'ENOENT' });
});
