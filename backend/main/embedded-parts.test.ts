import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pino } from 'pino';
import { expect, it, vi } from 'vitest';
import { openEmbeddedParts } from './embedded-parts.ts';

vi.mock('node:fs/promises', async (importActual) => {
  const actual = await importActual<typeof import('node:fs/promises')>();
  return {
    ...actual,
    async rm(...[path, options]: Parameters<typeof actual.rm>) {
      if (basename(String(path)) === 'work') throw Object.assign(new Error('EBUSY, rm'), { code: 'EBUSY' });
      await actual.rm(path, options);
    },
  };
});

it('a data folder opens although its old temporary files cannot be removed, which is reported', async () => {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-parts-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const skipped: string[] = [];
  opened.use(
    await openEmbeddedParts(folder, pino({ level: 'silent' }), {
      onSkipped: ({ kind, id }) => void skipped.push(`${kind} ${id}`),
    }),
  );
  expect(skipped).toEqual(['folder work']);
});
