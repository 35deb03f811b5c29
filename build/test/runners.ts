import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JSONReport, JSONReportSuite } from '@playwright/test/reporter';
import type { JsonTestResults } from 'vitest/node';

/** A test as a runner reported it, or something that failed outside of any test. */
export interface TestResult {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
}

export interface TestRun {
  /** Absolute path of the runner's configuration. */
  readonly config: string;
  /** Which files to run: parts of their paths; all when empty. */
  readonly filters: readonly string[];
  /** A runner that takes longer is killed. A test that blocks its process cannot be stopped by its own time limit. */
  readonly milliseconds: number;
}

const modules = join(import.meta.dirname, '..', '..', 'node_modules');

/** Runs unit tests to their end. No file that fits the filters is no error. */
export function runVitest({ config, filters, milliseconds }: TestRun): Promise<readonly TestResult[]> {
  const args = ['run', '--config', config, '--passWithNoTests', '--reporter=default', '--reporter=json', ...filters];
  // Vitest colours what it writes into a file, too.
  const colours = process.stdout.isTTY ? {} : { NO_COLOR: '1' };
  return run('vitest', milliseconds, readVitestReport, (report) =>
    spawnInGroup([join(modules, 'vitest', 'vitest.mjs'), ...args, `--outputFile.json=${report}`], colours),
  );
}

/** Runs the app's specs to their end. No file that fits the filters is no error. */
export function runPlaywright({ config, filters, milliseconds }: TestRun): Promise<readonly TestResult[]> {
  const args = ['test', '--config', config, '--pass-with-no-tests', '--reporter=list,json'];
  // Playwright reads them as regular expressions.
  const patterns = filters.map((filter) => filter.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return run('playwright', milliseconds, readPlaywrightReport, (report) =>
    spawnInGroup([join(modules, '@playwright', 'test', 'cli.js'), ...args, ...patterns], {
      PLAYWRIGHT_JSON_OUTPUT_FILE: report,
    }),
  );
}

/** What a runner reported. A runner that failed without a failed test, or was killed, counts as one. */
async function run(
  name: string,
  milliseconds: number,
  read: (report: string) => readonly TestResult[],
  start: (report: string) => ChildProcess,
): Promise<readonly TestResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-report-'));
  try {
    const report = join(folder, 'report.json');
    const code = await exitCodeOf(start(report), milliseconds);
    const text = await readFile(report, 'utf8').catch(() => undefined);
    const results = text === undefined ? [] : read(text);
    if (code === 0 || results.some(({ state }) => state === 'failed')) return results;
    return [
      ...results,
      { name: `${name} itself, which ended with ${code ?? 'a signal'}`, state: 'failed', seconds: 0 },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

function spawnInGroup(words: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, words, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
    // A blocked worker never handles the request to end. It outlives its runner, but is killed with the process group.
    detached: process.platform !== 'win32',
  });
}

async function exitCodeOf(child: ChildProcess, milliseconds: number): Promise<number | null> {
  const end = (): void => killGroup(child);
  // A terminal's Ctrl-C does not reach the runner's group.
  const interrupt = (signal: NodeJS.Signals): void => {
    end();
    process.kill(process.pid, signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, interrupt);
  const limit = setTimeout(end, milliseconds);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
  } finally {
    clearTimeout(limit);
    for (const signal of signals) process.off(signal, interrupt);
    end();
  }
}

/** On Windows only the process itself. */
function killGroup(child: ChildProcess): void {
  try {
    if (process.platform === 'win32' || child.pid === undefined) child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

function readVitestReport(text: string): readonly TestResult[] {
  const { testResults } = JSON.parse(text) as JsonTestResults;
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const tests = assertionResults.map(({ fullName, status: state, duration }) => ({
      name: `${name} > ${fullName}`,
      state: state === 'passed' || state === 'failed' ? state : ('skipped' as const),
      seconds: (duration ?? 0) / 1000,
    }));
    // It could not be loaded, or a hook of the whole file failed.
    const fileFailed = status === 'failed' && !tests.some(({ state }) => state === 'failed');
    return fileFailed ? [...tests, { name, state: 'failed' as const, seconds: 0 }] : tests;
  });
}

function readPlaywrightReport(text: string): readonly TestResult[] {
  const { suites } = JSON.parse(text) as JSONReport;
  const read = ({ specs, suites: inner = [] }: JSONReportSuite): readonly TestResult[] => [
    ...specs.flatMap(({ file, title, tests }) =>
      tests.map(({ projectName, status, results }) => ({
        name: `${file} > ${title}${projectName === '' ? '' : `, in the project ${projectName}`}`,
        state: status === 'expected' ? ('passed' as const) : status === 'skipped' ? status : ('failed' as const),
        seconds: results.reduce((sum, { duration }) => sum + duration, 0) / 1000,
      })),
    ),
    ...inner.flatMap(read),
  ];
  return suites.flatMap(read);
}
