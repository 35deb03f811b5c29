// npm run package [-- OPTIONS OF ELECTRON-BUILDER]: makes what people install, in release/. --dir makes only the app's folder.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { say } from '../set-up/say.mjs';
import { builderFailure } from './builder-failure.ts';
import { buildBundles } from './bundles.ts';
import { ended } from './run-app.ts';

const root = join(import.meta.dirname, '..', '..');

await buildBundles();
const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
const words = ['--config', join(root, 'electron-builder.yml'), '--publish', 'never', ...process.argv.slice(2)];
const building = spawn(process.execPath, [builder, ...words], { cwd: root, stdio: ['inherit', 'pipe', 'inherit'] });
const end = ended(building);
/** All lines from the first that reports a failure. */
const report: string[] = [];
for await (const line of createInterface({ input: building.stdout })) {
  if (report.length > 0 || line.includes('⨯')) report.push(line);
  else process.stdout.write(`${line}\n`);
}
process.exitCode = await end;
if (report.length > 0) say(process.exitCode === 0 ? report.join('\n') : builderFailure(report.join('\n')));
