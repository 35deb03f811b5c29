import { setTimeout as delay } from 'node:timers/promises';
import { startVitest } from 'vitest/node';
import { type Tally, tallyTests } from './tally.ts';

export interface TestRun {
  /** Path of a vitest configuration. */
  readonly config: string;
  /** Which test files: parts of their paths; all when empty. */
  readonly filters: readonly string[];
  /** A test that blocks its process meets no time limit of its own: after this long without a word the run is given up. */
  readonly silenceMilliseconds: number;
  readonly print: (text: string) => void;
}

const lookMilliseconds = 1_000;

/**
 * Runs tests to their end, or until they fall silent; what still ran then counts as failed. The caller has to end its
 * process afterwards: vitest ends what blocks when we are gone.
 */
export async function runTestFiles({ config, filters, silenceMilliseconds, print }: TestRun): Promise<Tally> {
  const reporter = tallyTests();
  const over = new AbortController();
  const run = startVitest([...filters], { config, watch: false, reporters: ['default', reporter] });
  const silence = fallsSilent(reporter.silentMilliseconds, silenceMilliseconds, over.signal);
  const end = await Promise.race([run.then(() => 'finished' as const), silence.then(() => 'silent' as const)]);
  over.abort();
  if (end === 'finished') return reporter.tally();

  const running = reporter.running();
  print(`\nNothing was heard of the tests for ${Math.round(silenceMilliseconds / 1000)} s. Given up on:\n`);
  for (const name of running) print(`  ${name}\n`);
  const { passed, failed, skipped } = reporter.tally();
  return { passed, failed: failed + Math.max(running.length, 1), skipped };
}

async function fallsSilent(silent: () => number, limit: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && silent() < limit) await delay(Math.min(lookMilliseconds, limit));
}
