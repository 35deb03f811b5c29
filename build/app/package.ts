// npm run package [-- OPTIONS OF ELECTRON-BUILDER]: makes what people install, in release/. --dir makes only the app's folder.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildBundles } from './bundles.ts';
import { ended } from './run-app.ts';

const root = join(import.meta.dirname, '..', '..');

await buildBundles();
const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
const words = ['--config', join(root, 'electron-builder.yml'), '--publish', 'never', ...process.argv.slice(2)];
process.exitCode = await ended(spawn(process.execPath, [builder, ...words], { cwd: root, stdio: 'inherit' }));
