import type { ConversionRow } from '../ports/conversion-store.ts';

/** The fields that order the queue. */
export type Queued = Pick<ConversionRow, 'id' | 'state' | 'turn'>;

/**
 * How many conversions go before each queued one in `rows`, which all belong to one owner. `countBefore` counts for one of
 * them. It is called rarely if many of them are next to each other in the queue, as those of a batch are.
 */
export async function queuePositions(
  rows: readonly Queued[],
  countBefore: (id: string) => Promise<number>,
): Promise<ReadonlyMap<string, number>> {
  const positions = new Map<string, number>();
  const ids = rows
    .filter(({ state }) => state === 'queued')
    .toSorted((one, other) => (one.turn ?? 0) - (other.turn ?? 0))
    .map(({ id }) => id);

  /** Fills in the positions between two that are known. */
  async function fill(from: number, to: number, low: number, high: number): Promise<void> {
    if (high - low === to - from) {
      for (let index = from; index <= to; index++) positions.set(ids[index] ?? '', low + index - from);
      return;
    }
    const middle = Math.floor((from + to) / 2);
    const here = middle === from ? low : await countBefore(ids[middle] ?? '');
    const next = middle + 1 === to ? high : await countBefore(ids[middle + 1] ?? '');
    await fill(from, middle, low, here);
    await fill(middle + 1, to, next, high);
  }

  const [first] = ids;
  const last = ids.at(-1);
  if (first === undefined || last === undefined) return positions;
  const low = await countBefore(first);
  await fill(0, ids.length - 1, low, ids.length === 1 ? low : await countBefore(last));
  return positions;
}
