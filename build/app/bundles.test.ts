import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { areFresh } from './bundles.ts';

async function folderWith(files: Readonly<Record<string, number>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-bundles-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'source', 'inner'), { recursive: true });
  for (const name of Object.keys(files)) await writeFile(join(folder, name), '');
  for (const name of ['source/inner', 'source']) await utimes(join(folder, name), 100, 100);
  for (const [name, seconds] of Object.entries(files)) await utimes(join(folder, name), seconds, seconds);
  return folder;
}
const made = ['one.js', 'other.js'];

test('bundles are fresh while nothing of theirs is newer than the oldest', async () => {
  const folder = await folderWith({ 'source/inner/a.ts': 100, 'one.js': 200, 'other.js': 300 });
  expect(areFresh(folder, ['source'], made)).toBe(true);
});

test('bundles are stale when a file was changed, even if one of them is newer', async () => {
  const folder = await folderWith({ 'source/inner/a.ts': 250, 'one.js': 200, 'other.js': 300 });
  expect(areFresh(folder, ['source'], made)).toBe(false);
});

test('bundles are stale when a file was removed, or one of them is missing', async () => {
  const folder = await folderWith({ 'source/inner/a.ts': 100, 'one.js': 200, 'other.js': 300 });
  await rm(join(folder, 'source/inner/a.ts'));
  expect(areFresh(folder, ['source'], made)).toBe(false);
  const lacking = await folderWith({ 'one.js': 200 });
  expect(areFresh(lacking, ['source'], made)).toBe(false);
});
