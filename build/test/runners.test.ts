import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesWorkingIn } from '../../backend/tests/running/processes.ts';
import type { TestResult, TestRun } from './runners.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-test-run-'));
  await symlink(join(import.meta.dirname, '..', '..', 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Calls a runner in its own process, so that its output does not mix with this run's. */
async function runApart(runner: string, run: TestRun): Promise<readonly TestResult[]> {
  const module = pathToFileURL(join(import.meta.dirname, 'runners.ts')).href;
  const code = `
    const { ${runner} } = await import(${JSON.stringify(module)});
    const results = await ${runner}(${JSON.stringify(run)});
    process.stdout.write('\\n' + JSON.stringify(results));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: folder,
    env: { ...process.env, VITEST: undefined, VITEST_MODE: undefined, NODE_ENV: undefined },
  });
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) as readonly TestResult[];
}

describe.each([
  {
    runner: 'runVitest',
    suffix: '.test.mjs',
    head: "import { expect, test } from 'vitest';",
    config: () => ({ root: folder, test: { testTimeout: 1_000, include: ['*.test.mjs'], pool: 'forks' } }),
  },
  {
    runner: 'runPlaywright',
    suffix: '.spec.mjs',
    head: "import { expect, test } from '@playwright/test';",
    config: () => ({ testDir: folder, testMatch: '*.spec.mjs', timeout: 1_000, workers: 1 }),
  },
])('$runner', ({ runner, suffix, head, config }) => {
  /** Runs test files, given by their text, and counts. */
  async function run(files: Readonly<Record<string, string>>, filters: readonly string[] = [], milliseconds = 60_000) {
    const configFile = join(folder, 'a.config.mjs');
    await writeFile(configFile, `export default ${JSON.stringify(config())}`);
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name + suffix), `${head}\n${text}`);
    const results = await runApart(runner, { config: configFile, filters, milliseconds });
    const count = (state: string) => results.filter((result) => result.state === state).length;
    return [count('passed'), count('failed'), count('skipped')];
  }

  it('counts what passed, failed and was skipped, in the files that fit the filters', async () => {
    const files = {
      'one (1)+': "test('a', () => {}); test('b', () => expect(1).toBe(2)); test.skip('c', () => {});",
      two: "test.describe('d', () => { test('e', () => {}); });",
      three: "test('f', () => {});",
    };
    expect(await run(files, ['one (1)+', 'two'])).toEqual([2, 1, 1]);
  });

  it('counts a file that cannot be loaded as failed', async () => {
    expect(await run({ one: "import './gone.mjs'; test('a', () => {});" })).toEqual([0, 1, 0]);
  });

  it('counts an error that nobody catches', async () => {
    const late = "Promise.reject(new Error('late')); await new Promise((r) => setTimeout(r, 50));";
    const [, failed] = await run({ one: `test('a', async () => { ${late} });` });
    expect(failed).toBe(1);
  });

  it('kills a run that a test blocks, with its workers', async () => {
    const text = `test('a', () => { process.chdir(${JSON.stringify(folder)}); for (;;); });`;
    expect(await run({ one: text }, [], 5_000)).toEqual([0, 1, 0]);
    await expect.poll(() => processesWorkingIn(folder)).toEqual([]);
  });

  it('counts nothing if there is no test', async () => {
    expect(await run({})).toEqual([0, 0, 0]);
  });
});
