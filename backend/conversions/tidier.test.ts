import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LeaseStore } from '../ports/lease-store.ts';
import { makeTestConversions, type TestConversions } from '../tests/test-conversions.ts';
import { createTidier, type Tidier } from './tidier.ts';

const lookEverySeconds = 5;
const hour = 3600;
const log = pino({ level: 'silent' });

let test: TestConversions;
beforeEach(async () => {
  // The test decides when renewals happen.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  test = await makeTestConversions();
});
afterEach(async () => {
  vi.useRealTimers();
  await test[Symbol.asyncDispose]();
});

/** A process with a tidier. Each of its passes starts, and continues when the test allows it. */
class Process {
  readonly tidier: Tidier;
  readonly passes: { readonly signal: AbortSignal; readonly end: (error?: Error) => void }[] = [];
  #thawed: Promise<void> = Promise.resolve();
  #begun = Promise.withResolvers<void>();

  constructor() {
    const leases: LeaseStore = {
      read: (name) => this.#thawed.then(() => test.leases.read(name)),
      raise: (name, counter, held) => this.#thawed.then(() => test.leases.raise(name, counter, held)),
    };
    this.tidier = createTidier({
      leases,
      clock: test.clock,
      lookEverySeconds,
      log,
      tidy: (signal) => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        this.passes.push({ signal, end: (error) => (error === undefined ? resolve() : reject(error)) });
        this.#begun.resolve();
        return promise;
      },
    });
  }

  /** Resolves when `call` has either started a pass or ended without one. Returns whether it has started one. */
  async begins(call: Promise<void>): Promise<boolean> {
    const { promise } = this.#begun;
    const begun = await Promise.race([call.then(() => false), promise.then(() => true)]);
    if (begun) this.#begun = Promise.withResolvers<void>();
    return begun;
  }

  /** Freezes the process: none of its calls reaches the store until the returned function is called. */
  freeze(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#thawed = promise;
    return resolve;
  }
}

/** Lets time pass while `watcher` checks. Returns after how many seconds it started a pass, or undefined. */
async function secondsUntilPass(watcher: Process, limit: number): Promise<number | undefined> {
  for (let seconds = 0; seconds <= limit; seconds += lookEverySeconds) {
    if (await watcher.begins(watcher.tidier.look())) return seconds;
    test.pass(lookEverySeconds);
    await vi.advanceTimersByTimeAsync(lookEverySeconds * 1000);
  }
  return undefined;
}

/** Makes a new process start a pass. Returns a function that ends the pass and waits until the process has finished it. */
async function begin(process: Process): Promise<(error?: Error) => Promise<void>> {
  const look = process.tidier.look();
  expect(await process.begins(look)).toBe(true);
  return async (error) => {
    process.passes[0]?.end(error);
    await look;
  };
}

describe('tidying', () => {
  it('starts with the process, and again an hour after it ended', async () => {
    const one = new Process();
    const end = await begin(one);
    await end();
    expect(await secondsUntilPass(one, 2 * hour)).toBe(hour);
  });

  it('is left to the process that is tidying, and is not due for the others when that one has finished', async () => {
    const [one, other] = [new Process(), new Process()];
    const end = await begin(one);
    expect(await secondsUntilPass(other, 120)).toBeUndefined();
    await other.tidier.pass();
    expect(other.passes).toEqual([]);
    expect(one.passes[0]?.signal.aborted).toBe(false);
    await end();
    expect(await secondsUntilPass(other, hour - 60)).toBeUndefined();
    expect(await secondsUntilPass(other, 120)).toBeDefined();
  });

  it('is taken over from a frozen process, which stops when it wakes up', async () => {
    const [one, other] = [new Process(), new Process()];
    const end = await begin(one);
    const thaw = one.freeze();
    expect(await secondsUntilPass(other, 60)).toBe(15);
    thaw();
    await end();
    expect(one.passes[0]?.signal.aborted).toBe(true);
    expect(await test.leases.read('tidy')).toMatchObject({ held: true });
    expect(other.passes[0]?.signal.aborted).toBe(false);
  });

  it('is started by one of two processes that check at the same time', async () => {
    const [one, other] = [new Process(), new Process()];
    expect(await Promise.all([one.begins(one.tidier.look()), other.begins(other.tidier.look())])).toEqual([
      true,
      false,
    ]);
  });

  it('that failed is not tried again within an hour', async () => {
    const one = new Process();
    const end = await begin(one);
    await expect(end(new Error('a blob cannot be removed'))).rejects.toThrow('a blob cannot be removed');
    expect(await secondsUntilPass(one, 2 * hour)).toBe(hour);
  });

  it('is taken over at once by a process that works alone', async () => {
    await test.leases.raise('tidy', 0, true);
    const one = new Process();
    const pass = one.tidier.pass(true);
    expect(await one.begins(pass)).toBe(true);
    one.passes[0]?.end();
    await pass;
    expect(await test.leases.read('tidy')).toMatchObject({ held: false });
  });

  it('that was interrupted by the end of a process is continued by another', async () => {
    const [one, other] = [new Process(), new Process()];
    const end = await begin(one);
    one.tidier.stop();
    expect(one.passes[0]?.signal.aborted).toBe(true);
    await end();
    expect(await secondsUntilPass(other, 60)).toBe(15);
  });
});
