import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createBuilder } from 'vite';

const root = join(import.meta.dirname, '..', '..');
export const viteConfig = join(root, 'build', 'vite.config.ts');

/** The sources of the bundles. A folder stands for everything below it. */
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

/** Builds the app's three bundles into `dist`. Prints only warnings and errors. */
export async function buildBundles(): Promise<void> {
  // In a test it is `test`, and React's development build would be bundled.
  process.env['NODE_ENV'] = 'production';
  const builder = await createBuilder({ configFile: viteConfig, logLevel: 'warn' });
  await builder.buildApp();
}

/** Builds the bundles if a source is newer. */
export async function buildStaleBundles(): Promise<void> {
  if (!areFresh(root, sources, outputs)) await buildBundles();
}

/** Whether the oldest file of `made` is newer than every file and folder of `from`. All paths are relative to `folder`. */
export function areFresh(folder: string, from: readonly string[], made: readonly string[]): boolean {
  const written = made.map((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.mtimeMs);
  const oldest = Math.min(...written.map((time) => time ?? Number.NEGATIVE_INFINITY));
  return from.every((path) => newestIn(join(folder, path)) <= oldest);
}

/** Milliseconds since 1970. A folder's own time changes when a file in it is removed. */
function newestIn(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
