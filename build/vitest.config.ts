import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { WholeSystemFirst } from './test/whole-system-first.ts';

const minutes = 60_000;

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    include: ['{shared,backend,desktop,build}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.long.test.ts'],
    // What a test prints is for when it fails.
    silent: 'passed-only',
    // The real things that tests start (ffmpeg, servers) need the other core.
    maxWorkers: 3,
    sequence: { sequencer: WholeSystemFirst },
    testTimeout: 1 * minutes,
    hookTimeout: 1 * minutes,
    teardownTimeout: 10_000,
    // A busy machine may need far longer than vitest's one second; only a test that fails waits for so long.
    expect: { poll: { timeout: 40_000 } },
    // electron-store imports `electron`, which would download its binary: with a place named, it only says where that is.
    env: { ELECTRON_OVERRIDE_DIST_PATH: join(import.meta.dirname, '..', 'desktop', 'e2e', 'standin', 'dist') },
  },
});
