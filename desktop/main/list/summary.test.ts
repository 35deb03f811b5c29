import { expect, it } from 'vitest';
import type { Row, RowState } from '../../ipc.ts';
import { createSummaryMeter } from './summary.ts';

let last = 0;
function row(state: RowState, more: Partial<Row> = {}): Row {
  last += 1;
  return { id: String(last), order: last, sourceName: 'a.mp4', sourceBytes: 1, weight: 10, state, ...more };
}
const done = row({ kind: 'done', folder: ['a'] }, { fraction: 1, durationSeconds: 60, resultBytes: 1000 });
const failed = row({ kind: 'failed', code: 'no_audio', otherTrack: false });
const converting = row({ kind: 'converting' }, { fraction: 0.5 });
const offline = row({ kind: 'offline_converting' }, { fraction: 0.5 });

it.each<[string, readonly Row[], boolean, object]>([
  ['nothing', [], false, { mode: 'empty', total: 0, fraction: 0 }],
  [
    'work',
    [done, failed, converting],
    false,
    { mode: 'working', total: 3, done: 1, failed: 1, unfinished: 1, fraction: 0.75 },
  ],
  ['held work', [row({ kind: 'paused' })], true, { mode: 'paused', unfinished: 1 }],
  ['held work beside work that goes on', [row({ kind: 'paused' }), converting], true, { mode: 'paused', finishing: 1 }],
  ['work out of reach', [done, offline], false, { mode: 'offline', unfinished: 1 }],
  ['work out of reach and here', [offline, converting], false, { mode: 'working' }],
  ['the end', [done, failed], false, { mode: 'finished', fraction: 1, savedSeconds: 60, savedBytes: 1000 }],
  ['cancelled ones alone', [row({ kind: 'cancelled' })], false, { mode: 'empty', total: 0 }],
])('sums up %s', (_name, rows, isPaused, expected) => {
  expect(createSummaryMeter().read(rows, isPaused, 0)).toMatchObject(expected);
});

it('estimates the time left from the recent speed', () => {
  const meter = createSummaryMeter();
  const at = (seconds: number) =>
    meter.read([row({ kind: 'converting' }, { fraction: seconds / 100 })], false, seconds).leftSeconds;
  expect(at(0)).toBeUndefined();
  expect(at(4)).toBeUndefined();
  expect(at(10)).toBe(120);
  expect(at(11)).toBe(120);
  expect(at(60)).toBe(40);
});
