import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createBuilder } from 'vite';

const root = join(import.meta.dirname, '..', '..');
export const viteConfig = join(root, 'build', 'vite.config.ts');

/** What the bundles are made of; a folder stands for all that is below it. */
const sources = [
  'shared',
  'backend',
  'desktop/client',
  'desktop/ipc.ts',
  'desktop/ipc',
  'desktop/main',
  'desktop/preload',
  'desktop/renderer',
  'desktop/words',
  'build/app',
  'build/icons',
  'build/vite.config.ts',
  'package-lock.json',
];
/** The last file of each bundle. */
const outputs = ['dist/main/main.js', 'dist/preload/preload.cjs', 'dist/renderer/index.html', 'dist/licences.txt'];

/** Makes the app's three bundles in `dist`, saying nothing but what is wrong. */
export async function buildBundles(): Promise<void> {
  // In a test it is `test`, with which React would be bundled as for its own developers.
  process.env['NODE_ENV'] = 'production';
  const builder = await createBuilder({ configFile: viteConfig, logLevel: 'warn' });
  await builder.buildApp();
}

/** Makes the bundles where something is newer than they are. */
export async function buildStaleBundles(): Promise<void> {
  if (!areFresh(root, sources, outputs)) await buildBundles();
}

/** Whether no file or folder of `from` has changed since the oldest of `made` was written; all of them relative to `folder`. */
export function areFresh(folder: string, from: readonly string[], made: readonly string[]): boolean {
  const written = made.map((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.mtimeMs);
  const oldest = Math.min(...written.map((time) => time ?? Number.NEGATIVE_INFINITY));
  return from.every((path) => newestIn(join(folder, path)) <= oldest);
}

/** Milliseconds since 1970. A folder's own time says of files that were removed. */
function newestIn(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
