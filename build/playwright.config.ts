import { join } from 'node:path';
import { defineConfig } from '@playwright/test';
import { installedElectron } from './app/electron-binary.ts';

const root = join(import.meta.dirname, '..');
const minutes = 60_000;

const host = installedElectron() !== undefined && !process.env['SOUNDLIFT_STANDIN'] ? 'electron' : 'stand-in';
// What Playwright starts: the package `electron` looks here first.
if (host === 'stand-in') {
  process.env['ELECTRON_OVERRIDE_DIST_PATH'] = join(root, 'desktop', 'e2e', 'standin', 'dist');
}

export default defineConfig({
  testDir: join(root, 'desktop', 'e2e'),
  // Pictures are no tests: npm run shots.
  testIgnore: '**/take-shots.spec.ts',
  outputDir: join(root, 'test-results'),
  // Each test has its own app, with a backend and ffmpeg: two at once would wait for each other.
  workers: 1,
  // A busy machine may need many times as long as a quiet one; only a test that fails waits for so long.
  timeout: 3 * minutes,
  expect: { timeout: 45_000 },
  reporter: 'list',
  metadata: { host },
});
