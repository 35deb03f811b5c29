/** Pseudo-random numbers that repeat with the same seed. */
export interface SeededRandom {
  /** A number from 0 up to but not including 1. */
  fraction(): number;
  between(low: number, high: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

/**
 * Mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c: 32 bits of state are enough here.
 */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return {
    fraction,
    between: (low, high) => low + fraction() * (high - low),
    pick(items) {
      const item = items[Math.floor(fraction() * items.length)];
      if (item === undefined) throw new Error('the list is empty');
      return item;
    },
  };
}

/** The seed from SOUNDLIFT_TEST_SEED, to repeat a run, or a random one. It is printed so that a run can be repeated. */
export function chooseSeed(what: string): number {
  const seed = Number(process.env['SOUNDLIFT_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`${what}: SOUNDLIFT_TEST_SEED=${seed}`);
  return seed;
}
