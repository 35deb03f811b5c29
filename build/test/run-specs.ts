import { type ChildProcess, spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JSONReport } from '@playwright/test/reporter';
import type { Tally } from './tally.ts';

export interface SpecRun {
  /** Path of a Playwright configuration. */
  readonly config: string;
  /** Absolute paths of the files to run. */
  readonly files: readonly string[];
  /** After this long without a word the run is given up. */
  readonly silenceMilliseconds: number;
  readonly print: (text: string) => void;
}

const playwright = join(import.meta.dirname, '..', '..', 'node_modules', '@playwright', 'test', 'cli.js');
/** How long Playwright may take to end what it has started. */
const endMilliseconds = 10_000;

/**
 * The specs in a folder, as absolute paths.
 * @param filters parts of their paths; all when empty
 * @param long the ones that take hours, or all others
 */
export function findSpecs(folder: string, filters: readonly string[], long: boolean): readonly string[] {
  return globSync('**/*.spec.ts', { cwd: folder })
    .map((file) => join(folder, file))
    .filter((file) => file.endsWith('.long.spec.ts') === long)
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .toSorted();
}

/**
 * Runs specs to their end, or until they fall silent, and counts them: what cannot be loaded, and whatever else fails outside of a
 * test, as a failed one.
 */
export async function runSpecs({ config, files, silenceMilliseconds, print }: SpecRun): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-specs-'));
  try {
    const report = join(folder, 'report.json');
    const { code, wasSilent } = await runPlaywright(config, files, report, silenceMilliseconds, print);
    if (wasSilent)
      print(`\nNothing was heard of the specs for ${Math.round(silenceMilliseconds / 1000)} s: given up.\n`);
    const { passed, failed, skipped } = tallyReport(await readReport(report));
    // Whatever went wrong with the whole run is in no test.
    return { passed, failed: code === 0 && !wasSilent ? failed : Math.max(failed, 1), skipped };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runPlaywright(
  config: string,
  files: readonly string[],
  report: string,
  silenceMilliseconds: number,
  print: (text: string) => void,
): Promise<{ readonly code: number | null; readonly wasSilent: boolean }> {
  // Playwright takes what it is given for regular expressions.
  const patterns = files.map((file) => `^${file.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
  const child = spawn(process.execPath, [playwright, 'test', '--config', config, '--reporter=list,json', ...patterns], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: report },
    // A group of its own: a worker that never comes to read that it is to end would outlive it, and keep a core for ever.
    detached: process.platform !== 'win32',
  });
  // A terminal's Ctrl-C reaches only our own group.
  const interrupt = (signal: NodeJS.Signals): void => {
    killGroup(child);
    process.kill(process.pid, signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, interrupt);
  let wasSilent = false;
  const giveUp = setTimeout(() => {
    wasSilent = true;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), endMilliseconds).unref();
  }, silenceMilliseconds);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      giveUp.refresh();
      print(text);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    // What it had started may outlive it and hold its output open: its own end counts.
    child.once('exit', resolve);
  });
  clearTimeout(giveUp);
  for (const signal of signals) process.off(signal, interrupt);
  if (wasSilent) killGroup(child);
  return { code, wasSilent };
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

async function readReport(file: string): Promise<JSONReport | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as JSONReport;
  } catch {
    // Playwright was killed, or could not even begin: its exit code tells.
    return undefined;
  }
}

function tallyReport(report: JSONReport | undefined): Tally {
  if (report === undefined) return { passed: 0, failed: 0, skipped: 0 };
  const { expected, unexpected, flaky, skipped } = report.stats;
  // What follows from a file that cannot be loaded is no failure of its own.
  const errors = report.errors.filter(({ message }) => !message?.includes('No tests found'));
  return { passed: expected, failed: unexpected + flaky + errors.length, skipped };
}
