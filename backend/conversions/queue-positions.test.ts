import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Queued, queuePositions } from './queue-positions.ts';

/** A queue that contains `mine`; counts the calls of `countBefore`. */
async function ask(queue: readonly string[], mine: readonly string[]) {
  let asked = 0;
  // The turns define the order. The list is ordered by age and contains other rows too.
  const rows: Queued[] = mine.map((id) => ({ id, state: 'queued', turn: queue.indexOf(id) }));
  const listed = [...rows.toReversed(), { id: 'ended', state: 'done', turn: 0 } as const];
  const positions = await queuePositions(listed, async (id) => {
    asked += 1;
    return queue.indexOf(id);
  });
  expect(positions.size).toBe(mine.length);
  return { positions: mine.map((id) => positions.get(id)), asked };
}

describe('positions in the queue', () => {
  it('equal those that are counted one by one', async () => {
    const queues = fc.array(fc.boolean(), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(queues, async (isMine) => {
        const queue = isMine.map((_, index) => `id-${index}`);
        const mine = queue.filter((_, index) => isMine[index]);
        expect((await ask(queue, mine)).positions).toEqual(mine.map((id) => queue.indexOf(id)));
      }),
    );
  });

  it('take two counts if all are next to each other', async () => {
    const queue = Array.from({ length: 500 }, (_, index) => `id-${index}`);
    const { positions, asked } = await ask(queue, queue.slice(100));
    expect(positions).toEqual(queue.slice(100).map((_, index) => index + 100));
    expect(asked).toBe(2);
  });
});
