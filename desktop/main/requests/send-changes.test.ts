import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppChange, Row, Summary } from '../../ipc.ts';
import { createChangeSender } from './send-changes.ts';

const row = (id: string, fraction = 0): Row => ({
  id,
  order: 1,
  sourceName: `${id}.mp4`,
  sourceBytes: 1,
  weight: 1,
  state: { kind: 'converting' },
  fraction,
});
const rows = (changed: readonly Row[], removed: readonly string[] = []): AppChange => ({
  type: 'rows',
  changed,
  removed,
});
const summary = (done: number): AppChange => ({ type: 'summary', summary: { done } as Summary });

async function told(changes: readonly AppChange[]): Promise<readonly AppChange[]> {
  const sent: AppChange[] = [];
  using sender = createChangeSender((some) => sent.push(...some));
  for (const change of changes) sender.add(change);
  await delay(80);
  return sent;
}

test('changes at the same time are sent together, with only the latest state of each row and of the summary', async () => {
  const changes = [rows([row('a', 0.1), row('b')]), summary(1), rows([row('a', 0.2)]), summary(2)];
  expect(await told(changes)).toEqual([rows([row('a', 0.2), row('b')]), summary(2)]);
});

test('every announcement and every view to show is sent, in order', async () => {
  const say = (text: string): AppChange => ({ type: 'announce', text });
  const show: AppChange = { type: 'show', view: { kind: 'history' } };
  expect(await told([say('one'), show, say('one'), say('two')])).toEqual([say('one'), show, say('one'), say('two')]);
});

test('nothing is sent after the sender was disposed of', async () => {
  const sent: AppChange[] = [];
  {
    using sender = createChangeSender((some) => sent.push(...some));
    sender.add(summary(1));
  }
  await delay(80);
  expect(sent).toEqual([]);
});

test('merged changes of rows lead to the same state as single ones', async () => {
  const change = fc.record({
    changed: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }),
    removed: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 12 }), async (plan) => {
      const changes = plan.map(({ changed, removed }, index) =>
        rows(
          changed.map((id) => row(id, index / 100)),
          removed.filter((id) => !changed.includes(id)),
        ),
      );
      expect(drawn(await told(changes))).toEqual(drawn(changes));
    }),
    { numRuns: 20 },
  );
});

/** The rows of a page after these changes. */
function drawn(changes: readonly AppChange[]): Record<string, Row> {
  const held = new Map<string, Row>();
  for (const change of changes) {
    if (change.type !== 'rows') continue;
    for (const id of change.removed) held.delete(id);
    for (const one of change.changed) held.set(one.id, one);
  }
  return Object.fromEntries([...held].toSorted(([a], [b]) => a.localeCompare(b)));
}
