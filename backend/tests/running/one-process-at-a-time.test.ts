import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { oneProcessAtATime } from './one-process-at-a-time.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('lets the second wait until the first has ended, even if that failed', async () => {
  const file = join(folder, 'lock');
  const events: string[] = [];
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const first = oneProcessAtATime(file, async () => {
    started.resolve();
    await gate.promise;
    events.push('first ended');
    throw new Error('failed');
  });
  await started.promise;
  const second = oneProcessAtATime(file, async () => events.push('second started'));
  gate.resolve();
  await expect(first).rejects.toThrow('failed');
  await second;
  expect(events).toEqual(['first ended', 'second started']);
});
