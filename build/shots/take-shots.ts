// npm run shots: a picture of every screen in every state, light and dark, into desktop/e2e/shots.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildStaleBundles } from '../app/bundles.ts';

const root = join(import.meta.dirname, '..', '..');

await buildStaleBundles();
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', '@playwright', 'test', 'cli.js'),
    'test',
    '-c',
    join(import.meta.dirname, 'playwright.config.ts'),
  ],
  { stdio: 'inherit', cwd: root },
);
process.exitCode = status ?? 1;
