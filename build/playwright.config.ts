import { join } from 'node:path';
import { defineConfig } from '@playwright/test';
import type { ServerOption } from '../desktop/e2e/server-option.ts';
import { installedElectron } from './app/electron-binary.ts';

const root = join(import.meta.dirname, '..');
const minutes = 60_000;

const host = installedElectron() !== undefined && !process.env['SOUNDLIFT_STANDIN'] ? 'electron' : 'stand-in';
// Playwright starts the package `electron`, which looks for its binary here first.
if (host === 'stand-in') {
  process.env['ELECTRON_OVERRIDE_DIST_PATH'] = join(root, 'desktop', 'e2e', 'standin', 'dist');
}

export default defineConfig<ServerOption>({
  testDir: join(root, 'desktop', 'e2e'),
  // take-shots.spec.ts takes the pictures of npm run shots.
  testIgnore: ['**/take-shots.spec.ts', '**/*.long.spec.ts'],
  outputDir: join(root, 'test-results'),
  // Each test starts its own app, backend and ffmpeg, and waits for them much of the time. Tests of one file run one after the other.
  workers: 2,
  // A busy machine may need many times as long as a quiet one. Only a failing test waits this long.
  timeout: 3 * minutes,
  expect: { timeout: 45_000 },
  reporter: 'list',
  metadata: { host },
  projects: [
    { name: 'app' },
    // One of them. The long tests run all that need a server.
    {
      name: 'app on a cluster',
      testMatch: '**/on-a-server.spec.ts',
      grep: /an upload resumes/,
      use: { server: 'cluster' },
    },
  ],
});
