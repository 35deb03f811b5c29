import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Notification } from '../../../shared/api.ts';
import { mergeNotices } from './merge-notices.ts';
import type { OwnNotice } from './notice-store.ts';

function own(batchId: string, at: number, more: Partial<OwnNotice> = {}): OwnNotice {
  return { id: `own-${batchId}`, at, isUnread: true, batchId, title: 'Ours', names: ['a.mp3'], lines: [], ...more };
}

function theirs(batchId: string, at: number, more: Partial<Notification> = {}): Notification {
  return {
    id: `theirs-${batchId}`,
    kind: 'batch',
    batchId,
    conversionIds: [],
    counts: { done: 2, failed: 0, warned: 0 },
    seconds: 3600,
    bytes: 50_000_000,
    message: '',
    createdAt: new Date(at).toISOString(),
    ...more,
  };
}

const readAt = new Date(0).toISOString();

test.each([
  ['nothing is nothing', [], [], []],
  ['the newest is first', [own('a', 1)], [theirs('b', 2)], ['theirs-b unread', 'own-a unread']],
  ['a batch that both tell of is told once, by the app', [own('a', 1)], [theirs('a', 2)], ['own-a unread']],
  ['what was read at the server was read', [own('a', 1)], [theirs('a', 2, { readAt })], ['own-a read']],
  ['what was read here was read', [own('a', 1, { isUnread: false })], [theirs('a', 2)], ['own-a read']],
  ['what the server alone tells of is as the server says', [], [theirs('a', 2, { readAt })], ['theirs-a read']],
  [
    'two of the app about one batch, what was saved and what was not, both stay',
    [own('a', 1), own('a', 2, { id: 'failed-a' })],
    [theirs('a', 3)],
    ['failed-a unread', 'own-a unread'],
  ],
] as const)('%s', (_sentence, ours, others, expected) => {
  const merged = mergeNotices(ours, others).map(({ id, unread }) => `${id} ${unread ? 'unread' : 'read'}`);
  expect(merged).toEqual(expected);
});

test.each([
  [{ done: 1, failed: 0, warned: 0 }, '1 video converted'],
  [{ done: 5, failed: 0, warned: 0 }, '5 videos converted'],
  [{ done: 5, failed: 0, warned: 1 }, '5 videos converted, 1 breaks off early'],
  [{ done: 5, failed: 1, warned: 0 }, '5 converted, 1 failed'],
  [{ done: 0, failed: 2, warned: 0 }, '2 videos could not be converted'],
])('a batch of another device with the counts %j has the title “%s”', (counts, title) => {
  expect(mergeNotices([], [theirs('a', 1, { counts })])[0]?.title).toBe(title);
});

test('at most a hundred notices are shown, each batch once, the newest first', () => {
  const numbers = fc.array(fc.nat({ max: 120 }), { maxLength: 150 });
  fc.assert(
    fc.property(numbers, numbers, (mine, others) => {
      const merged = mergeNotices(
        [...new Set(mine)].map((number) => own(`${number}`, number)),
        [...new Set(others)].map((number) => theirs(`${number}`, number)),
      );
      const batches = new Set([...mine, ...others]);
      expect(merged.length).toBe(Math.min(100, batches.size));
      const newest = [...batches].toSorted((one, other) => other - one).slice(0, 100);
      expect(merged.map(({ at }) => at)).toEqual(newest);
      const isOwn = (at: number): boolean => mine.includes(at);
      for (const { id, at } of merged) expect(id).toBe(`${isOwn(at) ? 'own' : 'theirs'}-${at}`);
    }),
  );
});
