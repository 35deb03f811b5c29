import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import { defaultOutputOptions } from '../../../shared/formats.ts';
import type { Backend } from '../../client/backend.ts';
import { hereKey } from '../backends/backends.ts';
import { type Entries, openEntries } from './entries.ts';
import { openEntriesDatabase } from './entries-database.ts';
import type { Entry } from './entry.ts';
import { hearBackends } from './hear-backends.ts';
import { createLiveEntries, type LiveEntries } from './live-entries.ts';

const time = '2030-01-01T00:00:00.000Z';
const conversion: Conversion = {
  id: 'c',
  revision: 8,
  state: 'failed',
  fileName: 'a.mp4',
  sourceBytes: 1,
  progress: 0.9,
  attempt: 1,
  options: defaultOutputOptions,
  warnings: [],
  error: { code: 'damaged', message: 'It is damaged.' },
  createdAt: time,
  updatedAt: time,
};
const entry: Entry = {
  id: 'e',
  order: 1,
  source: { path: '/a.mp4', fileName: 'a.mp4', bytes: 1, subfolder: '' },
  batchId: 'b',
  batchSize: 1,
  options: defaultOutputOptions,
  backendKey: hereKey,
  target: { kind: 'beside' },
  whenTaken: 'keep_both',
  step: { kind: 'accepted', conversionId: 'c' },
  isHeld: false,
  furthest: 0,
  isListed: true,
  warnings: [],
};

let running: AsyncDisposableStack;
let entries: Entries;
let live: LiveEntries;
let tell: (event: ServerEvent) => void;
beforeEach(async () => {
  running = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-hear-'));
  running.defer(() => rm(folder, { recursive: true }));
  const database = openEntriesDatabase(join(folder, 'list.sqlite'));
  running.defer(() => database[Symbol.dispose]());
  entries = openEntries(database, () => {});
  entries.add([entry]);
  live = createLiveEntries(() => {});
  const heard = running.use(
    hearBackends({
      entries,
      live,
      backends: { of: () => undefined },
      wake: () => {},
      onQueuedHere: () => {},
      log: pino({ level: 'silent' }),
    }),
  );
  const follow: Backend['follow'] = (listener) => {
    tell = listener;
    return () => {};
  };
  heard.follow({ key: hereKey, backend: { follow } as Backend, reachable: () => true });
});
afterEach(() => running.disposeAsync());

it('late events about the previous attempt do not change a retried entry', () => {
  entries.apply('e', { type: 'heard', conversion });
  entries.apply('e', { type: 'again', batchId: 'b2', begunId: 'c' });
  entries.apply('e', { type: 'begun', conversionId: 'c', revision: 9 });
  const { error: _error, ...rest } = conversion;
  const queued = { ...rest, revision: 9, attempt: 2, state: 'queued', progress: 0 } as const;
  tell({ type: 'conversion', conversion: queued });
  const before = [entries.get('e'), live.get('e')];
  expect(before).toMatchObject([{ step: { kind: 'accepted' }, furthest: 0, revision: 9 }, { state: 'queued' }]);

  tell({ type: 'conversion', conversion });
  tell({ type: 'conversion', conversion: { ...rest, revision: 7, state: 'converting' } });
  tell({ type: 'progress', id: 'c', revision: 7, progress: 0.9, etaSeconds: 1, speed: 30 });
  expect([entries.get('e'), live.get('e')]).toEqual(before);

  tell({ type: 'progress', id: 'c', revision: 11, progress: 0.2, speed: 30 });
  tell({ type: 'conversion', conversion: queued });
  expect(live.get('e')).toMatchObject({ state: 'converting', speed: 30 });
  expect(entries.get('e')?.furthest).toBeCloseTo(0.2, 1);
});
