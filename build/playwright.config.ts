import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from '@playwright/test';

const root = join(import.meta.dirname, '..');
const electron = join(root, 'node_modules', 'electron');
const minutes = 60_000;

/** Whether Electron's binary is on disk. Asking the package would download it. */
function hasElectron(): boolean {
  const named = join(electron, 'path.txt');
  return existsSync(named) && existsSync(join(electron, 'dist', readFileSync(named, 'utf8')));
}

const host = hasElectron() && !process.env['SOUNDLIFT_STANDIN'] ? 'electron' : 'stand-in';
// What Playwright starts: the package `electron` looks here first.
if (host === 'stand-in') {
  process.env['ELECTRON_OVERRIDE_DIST_PATH'] = join(root, 'desktop', 'e2e', 'standin', 'dist');
}

export default defineConfig({
  testDir: join(root, 'desktop', 'e2e'),
  testIgnore: '**/*.long.spec.ts',
  outputDir: join(root, 'test-results'),
  // Each test has its own app, with a backend and ffmpeg: two at once would wait for each other.
  workers: 1,
  timeout: 1 * minutes,
  expect: { timeout: 10_000 },
  reporter: 'list',
  metadata: { host },
});
