import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

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

it('rejects if a file has that name', async () => {
  const file = path.join(root, 'file');
  await writeFile(file, '');
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(path.join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

it.runIf(process.platform === 'linux')('rejects, and does not hang, if the system refuses a new folder', async () => {
  await expect(makeFolder('/proc/nowhere/at/all')).rejects.toMatchObject({ code: 'ENOENT' });
});
