import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { WholeSystemFirst } from './test/whole-system-first.ts';

const minutes = 60_000;

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    include: ['{shared,backend,desktop,build}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.long.test.ts'],
    // Show what a test prints only when it fails.
    silent: 'passed-only',
    // For two cores: tests start real programs and servers, and much of the time they wait for one of them.
    maxWorkers: 4,
    sequence: { sequencer: WholeSystemFirst },
    // A quiet machine needs a tenth of this for the slowest test, a cluster that is killed and starts again.
    testTimeout: 3 * minutes,
    hookTimeout: 3 * minutes,
    teardownTimeout: 10_000,
    // A busy machine may need far longer than vitest's default of one second; only a failing test waits this long.
    expect: { poll: { timeout: 40_000 } },
    // electron-store imports `electron`, which downloads its binary unless this variable names a folder.
    env: { ELECTRON_OVERRIDE_DIST_PATH: join(import.meta.dirname, '..', 'desktop', 'e2e', 'standin', 'dist') },
  },
});
