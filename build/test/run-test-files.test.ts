import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-test-run-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Runs test files, given by their text, in a process of its own: a run within a run would share its state. */
async function run(files: Readonly<Record<string, string>>, silenceMilliseconds = 60_000) {
  const config = join(folder, 'vitest.config.mjs');
  await writeFile(
    config,
    `export default ${JSON.stringify({ root: folder, test: { globals: true, testTimeout: 500, include: ['*.test.mjs'] } })}`,
  );
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const module = pathToFileURL(join(import.meta.dirname, 'run-test-files.ts')).href;
  const code = `
    const { runTestFiles } = await import(${JSON.stringify(module)});
    const print = (text) => process.stdout.write(text);
    const run = { config: ${JSON.stringify(config)}, filters: [], silenceMilliseconds: ${silenceMilliseconds}, print };
    const tally = await runTestFiles(run);
    process.stdout.write('\\n' + JSON.stringify(tally), () => process.exit(0));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', VITEST: undefined, VITEST_MODE: undefined, NODE_ENV: undefined },
  });
  return { stdout, tally: JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) };
}

it('counts what passed, failed and was left out, over all files', async () => {
  const { tally } = await run({
    'one.test.mjs': "test('a', () => {}); describe('d', () => { test('b', () => { throw new Error('b'); }); });",
    'two.test.mjs': "test('c', () => {}); test.skip('d', () => {}); test.todo('e');",
  });
  expect(tally).toEqual({ passed: 2, failed: 1, skipped: 2 });
});

it('counts a file that cannot be loaded as failed', async () => {
  const { tally } = await run({ 'one.test.mjs': "import './gone.mjs'; test('a', () => {});" });
  expect(tally).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

it('counts a hook of a whole file that fails', async () => {
  const { tally } = await run({ 'one.test.mjs': "afterAll(() => { throw new Error('a'); }); test('a', () => {});" });
  expect(tally).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

it('counts an error that nobody caught', async () => {
  const { tally } = await run({
    'one.test.mjs':
      "test('a', async () => { Promise.reject(new Error('late')); await new Promise((r) => setTimeout(r, 50)); });",
  });
  expect(tally).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

it('ends a test that waits for ever by its time limit', async () => {
  const { tally } = await run({ 'one.test.mjs': "test('a', () => new Promise(() => {})); test('b', () => {});" });
  expect(tally).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

it('gives up a test that blocks its process, and says which', async () => {
  const late = 'await new Promise((r) => setTimeout(r, 400)); for (;;);';
  const { tally, stdout } = await run(
    { 'one.test.mjs': `test('a', () => {}); describe('d', () => { test('blocks', async () => { ${late} }); });` },
    3_000,
  );
  expect(tally).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(stdout).toContain('Given up on:\n  one.test.mjs > d > blocks\n');
});

it('gives up a file that blocks its process as it is loaded', async () => {
  const { tally, stdout } = await run({ 'one.test.mjs': "test('a', () => {}); for (;;);" }, 3_000);
  expect(tally).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(stdout).toContain('Given up on:\n  one.test.mjs\n');
});

it('counts nothing where there is no test', async () => {
  expect((await run({})).tally).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
