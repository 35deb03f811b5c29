import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { ConversionMessage } from '../messages.ts';
import { type JobOutcome, type JobQueue, retryAfterThrowSeconds } from './job-queue.ts';

/** An empty queue, as an adapter's test makes it. */
export interface JobQueueUnderTest {
  readonly queue: JobQueue<ConversionMessage>;
  /** The same queue as another process has it; within one process, the queue itself. */
  readonly peer: JobQueue<ConversionMessage>;
  dispose(): Promise<void>;
}

/** A server may need this long, in milliseconds, on a machine that is busy. */
const patience = { timeout: 15_000, interval: 5 };
const testTimeout = 30_000;
/** How long we listen for what must not come. */
const silenceMilliseconds = 300;
/** Timers may fire a little early. */
const toleranceMilliseconds = 20;

const done: JobOutcome = { kind: 'done' };

function example(name: string | number): ConversionMessage {
  return { conversionId: `${name}` };
}

/** Runs the contract of the port over the queues that `make` makes. */
export function describeJobQueue(name: string, make: () => Promise<JobQueueUnderTest>): void {
  describe(`${name}, as a JobQueue`, { timeout: testTimeout }, () => {
    let underTest: JobQueueUnderTest;
    let queue: JobQueue<ConversionMessage>;
    let peer: JobQueue<ConversionMessage>;
    beforeEach(async () => {
      underTest = await make();
      ({ queue, peer } = underTest);
    });
    afterEach(() => underTest.dispose());

    async function publish(...names: readonly (string | number)[]): Promise<void> {
      for (const each of names) await queue.publish(example(each));
    }

    describe('handing out', () => {
      it('hands out, oldest first, what was published before and after somebody came to consume', async () => {
        const handed: ConversionMessage[] = [];
        await publish(...Array(10).keys());
        await peer.consume(
          async (message) => {
            handed.push(message);
            return done;
          },
          { concurrency: 1 },
        );
        await vi.waitFor(() => expect(handed).toHaveLength(10), patience);
        await publish(...[...Array(20).keys()].slice(10));
        await vi.waitFor(() => expect(handed).toHaveLength(20), patience);
        expect(handed).toEqual([...Array(20).keys()].map(example));
      });

      it('hands out as many at a time as were asked for, and no more', async () => {
        let running = 0;
        let most = 0;
        let ended = 0;
        const gate = Promise.withResolvers<void>();
        await publish(...Array(12).keys());
        await queue.consume(
          async () => {
            most = Math.max(most, ++running);
            await gate.promise;
            // One after another, so that places become free one by one.
            await wait(5);
            running--;
            ended++;
            return done;
          },
          { concurrency: 3 },
        );
        await vi.waitFor(() => expect(running).toBe(3), patience);
        await wait(silenceMilliseconds);
        expect(running).toBe(3);
        gate.resolve();
        await vi.waitFor(() => expect(ended).toBe(12), patience);
        expect(most).toBe(3);
      });

      it('shares the jobs out among the consumers', async () => {
        const handed: [string[], string[]] = [[], []];
        const gate = Promise.withResolvers<void>();
        for (const [index, each] of [queue, peer].entries()) {
          await each.consume(
            async ({ conversionId }) => {
              handed[index]?.push(conversionId);
              await gate.promise;
              return done;
            },
            { concurrency: 1 },
          );
        }
        await publish('a', 'b', 'c', 'd');
        await vi.waitFor(() => expect(handed.map(({ length }) => length)).toEqual([1, 1]), patience);
        gate.resolve();
        await vi.waitFor(() => expect(handed.flat().toSorted()).toEqual(['a', 'b', 'c', 'd']), patience);
      });

      it('takes the same message more than once without harm to the others', async () => {
        const handed: string[] = [];
        await publish('a', 'a', 'b', 'a', 'c');
        await queue.consume(
          async ({ conversionId }) => {
            handed.push(conversionId);
            return done;
          },
          { concurrency: 1 },
        );
        await vi.waitFor(() => expect(handed).toContain('c'), patience);
        await wait(silenceMilliseconds);
        expect(new Set(handed)).toEqual(new Set(['a', 'b', 'c']));
        expect(handed.filter((each) => each === 'a').length).toBeLessThanOrEqual(3);
        await publish('a');
        await vi.waitFor(() => expect(handed.at(-1)).toBe('a'), patience);
      });

      it('hands a message out once more when it is published while its job runs', async () => {
        let handed = 0;
        const gate = Promise.withResolvers<void>();
        await queue.consume(
          async () => {
            handed++;
            await gate.promise;
            return done;
          },
          { concurrency: 1 },
        );
        await publish('a');
        await vi.waitFor(() => expect(handed).toBe(1), patience);
        await publish('a');
        gate.resolve();
        await vi.waitFor(() => expect(handed).toBe(2), patience);
      });
    });

    describe('outcomes', () => {
      /** Consumes; each message's first job ends as `outcome` says, all others are done. Gives when each was handed out. */
      async function consumeFirst(outcome: () => Promise<JobOutcome>): Promise<Map<string, number[]>> {
        const times = new Map<string, number[]>();
        await queue.consume(
          async ({ conversionId }) => {
            const before = times.get(conversionId) ?? [];
            times.set(conversionId, [...before, performance.now()]);
            return before.length === 0 && conversionId === 'a' ? await outcome() : done;
          },
          { concurrency: 1 },
        );
        return times;
      }

      it('done: never again', async () => {
        const times = await consumeFirst(async () => done);
        await publish('a', 'b');
        await vi.waitFor(() => expect(times.get('b')).toHaveLength(1), patience);
        await wait(silenceMilliseconds);
        expect(times.get('a')).toHaveLength(1);
      });

      it('retry: again after the delay, and others are handed out meanwhile', async () => {
        const times = await consumeFirst(async () => ({ kind: 'retry', delaySeconds: 1 }));
        await publish('a', 'b');
        await vi.waitFor(() => expect(times.get('a')).toHaveLength(2), patience);
        const [first = 0, second = 0] = times.get('a') ?? [];
        expect(second - first).toBeGreaterThanOrEqual(1000 - toleranceMilliseconds);
        expect(times.get('b')?.[0]).toBeLessThan(second);
        await wait(silenceMilliseconds);
        expect(times.get('a')).toHaveLength(2);
      });

      it('retry without a delay: again', async () => {
        const times = await consumeFirst(async () => ({ kind: 'retry', delaySeconds: 0 }));
        await publish('a');
        await vi.waitFor(() => expect(times.get('a')).toHaveLength(2), patience);
      });

      it('unrecoverable: never again', async () => {
        const reason = new AppError('no_audio', 'There is no sound in this video.');
        const times = await consumeFirst(async () => ({ kind: 'unrecoverable', reason }));
        await publish('a', 'b');
        await vi.waitFor(() => expect(times.get('b')).toHaveLength(1), patience);
        await wait(silenceMilliseconds);
        expect(times.get('a')).toHaveLength(1);
      });

      it('thrown: again after a while, and others are handed out meanwhile', async () => {
        const times = await consumeFirst(() => Promise.reject(new Error('this handler is broken')));
        await publish('a', 'b');
        await vi.waitFor(() => expect(times.get('a')).toHaveLength(2), patience);
        const [first = 0, second = 0] = times.get('a') ?? [];
        expect(second - first).toBeGreaterThanOrEqual(retryAfterThrowSeconds * 1000 - toleranceMilliseconds);
        expect(times.get('b')?.[0]).toBeLessThan(second);
      });
    });

    describe('stopping', () => {
      it('fires the signal of the jobs that run, and waits until they have settled', async () => {
        const settling = Promise.withResolvers<void>();
        const fired: string[] = [];
        let started = 0;
        const consumer = await queue.consume(
          async ({ conversionId }, signal) => {
            started++;
            signal.addEventListener('abort', () => fired.push(conversionId));
            await settling.promise;
            return done;
          },
          { concurrency: 2 },
        );
        await publish('a', 'b', 'c');
        await vi.waitFor(() => expect(started).toBe(2), patience);

        let stopped = false;
        const stopping = consumer.stop().then(() => {
          stopped = true;
        });
        await vi.waitFor(() => expect(fired.toSorted()).toEqual(['a', 'b']), patience);
        await wait(silenceMilliseconds);
        expect(stopped).toBe(false);
        settling.resolve();
        await stopping;
        await consumer.stop();
        expect(started).toBe(2);
      });

      it('hands out no more, and leaves what waits to the next consumer', async () => {
        const first: string[] = [];
        const consumer = await queue.consume(
          async ({ conversionId }) => {
            first.push(conversionId);
            return done;
          },
          { concurrency: 1 },
        );
        await publish('a');
        await vi.waitFor(() => expect(first).toEqual(['a']), patience);
        await consumer.stop();
        await publish('b', 'c');
        await wait(silenceMilliseconds);
        expect(first).toEqual(['a']);

        const second: string[] = [];
        await peer.consume(
          async ({ conversionId }) => {
            second.push(conversionId);
            return done;
          },
          { concurrency: 1 },
        );
        await vi.waitFor(() => expect(second).toEqual(['b', 'c']), patience);
      });

      it('hands a job that gave up at the signal to another consumer', async () => {
        const started = Promise.withResolvers<void>();
        const consumer = await queue.consume(
          async (_, signal) => {
            started.resolve();
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            return { kind: 'retry', delaySeconds: 0 };
          },
          { concurrency: 1 },
        );
        await publish('a');
        await started.promise;
        await consumer.stop();
        const handed: string[] = [];
        await peer.consume(
          async ({ conversionId }) => {
            handed.push(conversionId);
            return done;
          },
          { concurrency: 1 },
        );
        await vi.waitFor(() => expect(handed).toEqual(['a']), patience);
      });

      it('stops every consumer when the queue is closed, and takes no message any more', async () => {
        let fired = 0;
        let started = 0;
        for (let index = 0; index < 2; index++) {
          await queue.consume(
            async (_, signal) => {
              started++;
              await new Promise((resolve) => signal.addEventListener('abort', resolve));
              fired++;
              return done;
            },
            { concurrency: 1 },
          );
        }
        await publish('a', 'b', 'c');
        await vi.waitFor(() => expect(started).toBe(2), patience);
        await queue.close();
        expect(fired).toBe(2);
        await wait(silenceMilliseconds);
        expect(started).toBe(2);
        await expect(queue.publish(example('d'))).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
        await queue.close();
      });
    });
  });
}
