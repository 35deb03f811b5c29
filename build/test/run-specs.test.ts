import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { processesWorkingIn } from '../../backend/tests/running/processes.ts';
import { findSpecs, runSpecs } from './run-specs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-spec-run-'));
  await symlink(join(import.meta.dirname, '..', '..', 'node_modules'), join(folder, 'node_modules'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Runs specs, given by their text. */
async function run(files: Readonly<Record<string, string>>, silenceMilliseconds = 60_000) {
  const config = join(folder, 'playwright.config.mjs');
  await writeFile(config, 'export default { testDir: ".", workers: 1, timeout: 2_000 };');
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), `import { expect, test } from '@playwright/test';\n${text}`);
  }
  let printed = '';
  const paths = Object.keys(files).map((name) => join(folder, name));
  const tally = await runSpecs({
    config,
    files: paths.filter((path) => path.endsWith('.spec.ts')),
    silenceMilliseconds,
    print: (text) => {
      printed += text;
    },
  });
  return { tally, printed };
}

it('counts what passed, failed and was left out, over the files it is given', async () => {
  const { tally, printed } = await run({
    'one.spec.ts': "test('a', () => {}); test('b', () => { expect(1).toBe(2); }); test.skip('c', () => {});",
    'two (2)+.spec.ts': "test('d', () => {});",
  });
  expect(tally).toEqual({ passed: 2, failed: 1, skipped: 1 });
  expect(printed).toContain('one.spec.ts');
});

it('counts a file that cannot be loaded as failed', async () => {
  const { tally } = await run({ 'one.spec.ts': "import './gone.ts'; test('a', () => {});" });
  expect(tally).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

it('counts a hook of a whole file that fails', async () => {
  const { tally } = await run({
    'one.spec.ts': "test.beforeAll(() => { throw new Error('x'); }); test('a', () => {});",
  });
  expect(tally.failed).toBe(1);
});

it('ends a test that waits for ever by its time limit', async () => {
  const { tally } = await run({ 'one.spec.ts': "test('a', () => new Promise(() => {})); test('b', () => {});" });
  expect(tally).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

it('gives up a test that blocks its process, and leaves nothing of it running', async () => {
  const text = `test('a', () => { process.chdir(${JSON.stringify(folder)}); for (;;); });`;
  const { tally, printed } = await run({ 'one.spec.ts': text }, 5_000);
  expect(tally).toMatchObject({ passed: 0, failed: 1 });
  expect(printed).toContain('Nothing was heard of the specs for 5 s');
  await expect.poll(() => processesWorkingIn(folder)).toEqual([]);
});

it('finds the specs whose path fits, and those that take hours by themselves', async () => {
  await mkdir(join(folder, 'deep'));
  for (const name of ['a.spec.ts', 'deep/b.spec.ts', 'c.long.spec.ts', 'd.test.ts']) {
    await writeFile(join(folder, name), '');
  }
  const found = (filters: readonly string[], long: boolean) =>
    findSpecs(folder, filters, long).map((path) => path.slice(folder.length + 1));
  expect(found([], false)).toEqual(['a.spec.ts', 'deep/b.spec.ts']);
  expect(found(['deep', 'c.long'], false)).toEqual(['deep/b.spec.ts']);
  expect(found([], true)).toEqual(['c.long.spec.ts']);
});
