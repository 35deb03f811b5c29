import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signIn } from '../tests/running/api-client.ts';
import { type ServerProcess, startServerProcess } from '../tests/running/server-process.ts';
import { openSmallDisk, type SmallDisk } from '../tests/running/small-disk.ts';
import { runUserCommand } from './admin.ts';

const mebibyte = 1024 * 1024;
const email = 'pupil@example.com';

let disk: SmallDisk;
let server: ServerProcess;
beforeEach(async () => {
  disk = await openSmallDisk(16 * mebibyte);
  await start();
});
afterEach(async () => {
  await server.kill();
  await disk[Symbol.asyncDispose]();
});

async function start(): Promise<void> {
  server = await startServerProcess({ dataFolder: join(disk.path, 'data'), launcher: disk.launcher });
}

/** Runs the command, which takes `password` whenever it asks for one. */
async function run(args: readonly string[], password = 'a long password') {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runUserCommand(args, {
    config: { dataFolder: join(disk.here, 'data'), mysqlUrl: undefined },
    stdout,
    stderr,
    readPassword: async () => password,
  });
  stdout.end();
  stderr.end();
  return { code, out: await text(stdout), err: await text(stderr) };
}

describe('soundlift user, on a disk with 0 bytes free,', () => {
  it.each(['a running', 'a stopped'])('adds accounts and sets passwords in the folder of %s server', async (which) => {
    if (which === 'a stopped') await server.stop();
    await disk.fill();
    expect(await run(['add', email])).toEqual({ code: 0, out: `Added ${email}.\n`, err: '' });
    await disk.fill();
    expect(await run(['password', email], 'another password')).toMatchObject({ code: 0, err: '' });
    await disk.fill();
    expect(await run(['list'])).toMatchObject({ code: 0, out: expect.stringContaining(email) });
    if (which === 'a stopped') await start();
    await signIn({ url: () => server.url, email, password: 'another password' });
  });
});
