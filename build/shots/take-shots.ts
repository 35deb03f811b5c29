// npm run shots [-- -g SCREEN]: a picture of every screen in every state, light and dark, into desktop/e2e/shots.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildStaleBundles } from '../app/bundles.ts';
import { say } from '../set-up/say.mjs';

const root = join(import.meta.dirname, '..', '..');

await buildStaleBundles();
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', '@playwright', 'test', 'cli.js'),
    'test',
    '-c',
    join(import.meta.dirname, 'playwright.config.ts'),
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', cwd: root },
);
if (status === 0) say(`The pictures are in ${join('desktop', 'e2e', 'shots')}.`);
process.exitCode = status ?? 1;
