import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseConfig } from '../config.ts';
import { startTemporaryBackend } from './temporary-backend.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-temporary-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('keeps its folder while it runs, whatever other backends in this process and others remove', async () => {
  const config = parseConfig({ PATH: process.env['PATH'] });
  const log = pino({ level: 'silent' });
  await using first = await startTemporaryBackend(config, log);
  await using second = await startTemporaryBackend(config, log);
  const mine = await readdir(folder);
  expect(mine).toHaveLength(2);

  const script = `
    import { pino } from 'pino';
    import { parseConfig } from ${JSON.stringify(join(import.meta.dirname, '..', 'config.ts'))};
    import { startTemporaryBackend } from ${JSON.stringify(join(import.meta.dirname, 'temporary-backend.ts'))};
    const backend = await startTemporaryBackend(parseConfig({ PATH: process.env.PATH }), pino({ level: 'silent' }));
    await backend[Symbol.asyncDispose]();
    console.log('ended');`;
  const other = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(await text(other.stdout)).toBe('ended\n');
  expect((await readdir(folder)).toSorted()).toEqual(mine.toSorted());
  expect(await first.channel.notifications()).toEqual([]);
  expect(await second.channel.notifications()).toEqual([]);
});
