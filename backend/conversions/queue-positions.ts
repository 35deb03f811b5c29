/**
 * How many go before each of `ids`, which are queued and in the queue's order. `countBefore` counts for one, and is asked seldom
 * where many lie one behind the other, as those of a batch do.
 */
export async function queuePositions(
  ids: readonly string[],
  countBefore: (id: string) => Promise<number>,
): Promise<ReadonlyMap<string, number>> {
  const positions = new Map<string, number>();

  /** Between two whose positions are known. */
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

  const first = ids[0];
  const last = ids.at(-1);
  if (first === undefined || last === undefined) return positions;
  const low = await countBefore(first);
  await fill(0, ids.length - 1, low, ids.length === 1 ? low : await countBefore(last));
  return positions;
}
