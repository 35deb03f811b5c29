import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeClone, watch } from './clone-for-tests.ts';

const waiting = `
  process.on('SIGTERM', () => { console.log('told to end'); process.exit(); });
  setInterval(() => {}, 1000);
  console.log('ready', process.ppid);`;

it('tells a script under npm when the shell that npm put before it has died', async () => {
  await using clone = await makeClone();
  const script = await clone.script(waiting);
  await clone.start(['--packages-only', await clone.script('')]).end;
  await clone.script(waiting);
  // With a second command, the shell cannot replace itself with the first.
  const words = [process.execPath, join(clone.folder, 'build', 'set-up.mjs'), '--packages-only', script];
  const shell = watch(
    spawn('/bin/sh', ['-c', '"$@"; exit', 'sh', ...words], {
      env: { ...process.env, npm_lifecycle_event: 'convert' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  await shell.says('ready');
  shell.child.kill('SIGKILL');
  // Standard output closes when its last holder, the script, ends.
  expect((await shell.end).stdout).toContain('told to end');
});
