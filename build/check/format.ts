// npm run format: fixes the format and the order of imports.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { formatter } from './tools.ts';

const { status } = spawnSync(process.execPath, [formatter.script, ...formatter.args], {
  cwd: join(import.meta.dirname, '..', '..'),
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
