import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Ticket } from '../messages.ts';
import {
  type Consumer,
  type JobQueue,
  maxDeadLetterBytes,
  maxDeadLetters,
  type Place,
  ticketsPerPlace,
} from './job-queue.ts';

/** An empty queue, made by an adapter's test. */
export interface JobQueueUnderTest {
  readonly queue: JobQueue;
  /** The same queue as another process has it; within one process, the queue itself. */
  readonly peer: JobQueue;
  /** Publishes any text, as another program could. */
  publishRaw(body: string): Promise<void>;
  dispose(): Promise<void>;
}

/** How long a server may need, in milliseconds, on a busy machine. */
const patience = { timeout: 40_000, interval: 5 };
/** How long a test waits for something that must not come. */
const silenceMilliseconds = 300;

const ticket: Ticket = { conversionId: 'a' };

/** A job that runs: `end` lets its handler return. */
interface RunningJob {
  readonly place: Place;
  readonly end: () => void;
}

/** A consumer whose jobs run until the test ends them. */
interface HeldConsumer {
  readonly consumer: Consumer;
  /** Jobs that were started, including ended ones. */
  readonly started: RunningJob[];
  running(): number;
  /** Ends all running jobs, and all that are started from now on. */
  release(): void;
}

async function hold(queue: JobQueue, places: number): Promise<HeldConsumer> {
  const started: RunningJob[] = [];
  let running = 0;
  let isReleased = false;
  const consumer = await queue.consume(
    async (place) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      started.push({ place, end: resolve });
      if (isReleased) return;
      running += 1;
      await promise;
      running -= 1;
    },
    { places },
  );
  return {
    consumer,
    started,
    running: () => running,
    release() {
      isReleased = true;
      for (const { end } of started) end();
    },
  };
}

/** Runs the contract of the port over the queues that `make` makes. */
export function describeJobQueue(name: string, make: () => Promise<JobQueueUnderTest>): void {
  describe(`${name}, as a JobQueue`, () => {
    let underTest: JobQueueUnderTest;
    let queue: JobQueue;
    let peer: JobQueue;
    beforeEach(async () => {
      underTest = await make();
      ({ queue, peer } = underTest);
    });
    afterEach(() => underTest.dispose());

    /** Waits until this many jobs have been started, and a while longer for one that should not start. */
    async function expectStarted({ started }: HeldConsumer, count: number): Promise<void> {
      await vi.waitFor(() => expect(started.length).toBeGreaterThanOrEqual(count), patience);
      await wait(silenceMilliseconds);
      expect(started).toHaveLength(count);
    }

    async function publish(count: number): Promise<number> {
      let added = 0;
      for (let index = 0; index < count; index += 1) if (await queue.publish(ticket)) added += 1;
      return added;
    }

    describe('a place', () => {
      it('looks for work once when it is new', async () => {
        const held = await hold(queue, 3);
        await expectStarted(held, 3);
        held.release();
        await expectStarted(held, 3);
      });

      it('that is free looks for work once for each ticket', async () => {
        const held = await hold(queue, 2);
        held.release();
        for (const count of [3, 4]) {
          expect(await queue.publish(ticket)).toBe(true);
          await expectStarted(held, count);
        }
      });

      it('that is busy takes no ticket, and takes one when it becomes free', async () => {
        const held = await hold(queue, 1);
        await expectStarted(held, 1);
        await publish(1);
        await expectStarted(held, 1);
        held.started[0]?.end();
        await expectStarted(held, 2);
        expect(held.running()).toBe(1);
        held.release();
      });

      it('that is free takes a ticket while those of another consumer are busy', async () => {
        const [busy, free] = [await hold(queue, 1), await hold(peer, 1)];
        await expectStarted(busy, 1);
        await expectStarted(free, 1);
        free.started[0]?.end();
        await publish(1);
        await expectStarted(free, 2);
        expect(busy.started).toHaveLength(1);
        for (const held of [busy, free]) held.release();
      });

      it('continues after its handler has thrown', async () => {
        let calls = 0;
        await queue.consume(
          async () => {
            calls += 1;
            throw new Error('this handler is broken');
          },
          { places: 1 },
        );
        await vi.waitFor(() => expect(calls).toBe(1), patience);
        await publish(1);
        await vi.waitFor(() => expect(calls).toBe(2), patience);
      });
    });

    it('keeps at most twice as many tickets as there are places', async () => {
      const some = [await hold(queue, 2), await hold(peer, 1)];
      await vi.waitFor(() => expect(some.map(({ running }) => running())).toEqual([2, 1]), patience);
      // By two processes, and several at once in each.
      const all = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? queue : peer).publish(ticket));
      const added = (await Promise.all(all)).filter((isAdded) => isAdded).length;
      expect(added).toBeGreaterThan(0);
      expect(added).toBeLessThanOrEqual(3 * ticketsPerPlace);
      for (const held of some) held.release();
      const started = () => some.flatMap((held) => held.started);
      await vi.waitFor(() => expect(started().length).toBeGreaterThanOrEqual(3 + added), patience);
      await wait(silenceMilliseconds);
      expect(started()).toHaveLength(3 + added);
    });

    it('leaves no row waiting while rows come at any moment and several consumers take them', async () => {
      const rows: number[] = [];
      let taken = 0;
      let turn = 0;
      /** A different order of steps each time. */
      const pause = async (): Promise<void> => {
        turn = (turn * 31 + 17) % 101;
        for (let step = 0; step < turn % 5; step += 1) await Promise.resolve();
        if (turn % 7 === 0) await wait(1);
      };
      const work = async (place: Place): Promise<void> => {
        while (place.mayGoOn()) {
          await pause();
          if (rows.shift() === undefined) return;
          taken += 1;
          await pause();
        }
      };
      const consumers = [await queue.consume(work, { places: 2 }), await peer.consume(work, { places: 1 })];
      for (let row = 0; row < 500; row += 1) {
        await pause();
        rows.push(row);
        await queue.publish(ticket);
        if (row % 50 === 0) consumers[0]?.setPlaces(1 + ((row / 50) % 3));
      }
      await vi.waitFor(() => expect([rows.length, taken]).toEqual([0, 500]), patience);
    });

    describe('another number of places', () => {
      it('that is higher looks for work at each new place, and does not affect running jobs', async () => {
        const held = await hold(queue, 1);
        await expectStarted(held, 1);
        held.consumer.setPlaces(3);
        await expectStarted(held, 3);
        expect(held.running()).toBe(3);
        expect(held.started.map(({ place }) => place.mayGoOn())).toEqual([true, true, true]);
        held.release();
      });

      it('that is lower lets jobs end their piece of work, and then ends the surplus jobs', async () => {
        const held = await hold(queue, 3);
        await expectStarted(held, 3);
        held.consumer.setPlaces(1);
        expect(held.started.map(({ place }) => place.signal.aborted)).toEqual([false, false, false]);
        const [first, second, third] = held.started;
        expect(second?.place.mayGoOn()).toBe(false);
        expect(third?.place.mayGoOn()).toBe(false);
        for (const { place } of [second, third].filter((job) => job !== undefined)) expect(place.mayGoOn()).toBe(false);
        expect(first?.place.mayGoOn()).toBe(true);
        second?.end();
        third?.end();
        await publish(5);
        await expectStarted(held, 3);
        expect(held.running()).toBe(1);
        held.release();
      });

      it('that is restored before a job has noticed ends no job', async () => {
        const held = await hold(queue, 2);
        await expectStarted(held, 2);
        held.consumer.setPlaces(1);
        held.consumer.setPlaces(2);
        await expectStarted(held, 2);
        expect(held.started.map(({ place }) => place.mayGoOn())).toEqual([true, true]);
        held.release();
      });

      it('that is restored after a job has noticed looks for the work that the job left', async () => {
        const held = await hold(queue, 2);
        await expectStarted(held, 2);
        held.consumer.setPlaces(1);
        expect(held.started[0]?.place.mayGoOn()).toBe(false);
        held.consumer.setPlaces(2);
        await expectStarted(held, 3);
        held.release();
      });
    });

    describe('a message that is no ticket', () => {
      it.each(['nonsense', '', 'null', '[]', '{}', '{"conversionId":1}', '{"conversionId":"a","more":true}'])(
        'goes to the dead letters, and its place looks for work: %j',
        async (body) => {
          const held = await hold(queue, 1);
          held.release();
          await vi.waitFor(() => expect(held.started).toHaveLength(1), patience);
          await underTest.publishRaw(body);
          await expectStarted(held, 2);
          await vi.waitFor(async () => expect(await queue.deadLetters()).toHaveLength(1), patience);
          const cause = expect.stringMatching(/^The message is .+\.$/);
          const [id, at] = [expect.any(String), expect.stringMatching(/^\d{4}-.+Z$/)];
          expect(await peer.deadLetters()).toEqual([{ id, body, cause, at }]);
        },
      );

      it('is truncated if it is long', async () => {
        const held = await hold(queue, 1);
        held.release();
        await underTest.publishRaw('a'.repeat(1_000_000));
        await vi.waitFor(async () => expect(await queue.deadLetters()).toHaveLength(1), patience);
        expect((await queue.deadLetters())[0]?.body).toBe('a'.repeat(maxDeadLetterBytes));
      });
    });

    it('leaves no row waiting while 200 messages that are no tickets come, and keeps each with its cause', async () => {
      const rows: number[] = [];
      let taken = 0;
      const work = async (place: Place): Promise<void> => {
        while (place.mayGoOn() && rows.shift() !== undefined) taken += 1;
      };
      await queue.consume(work, { places: 2 });
      const bodies = ['nonsense', '{}', '[1]', '{"conversionId":""}', `"${'a'.repeat(2000)}"`];
      for (let row = 0; row < 40; row += 1) {
        await Promise.all(bodies.map(underTest.publishRaw));
        rows.push(row);
        await queue.publish({ conversionId: `names nothing ${row}` });
      }
      await vi.waitFor(() => expect([rows.length, taken]).toEqual([0, 40]), patience);
      await vi.waitFor(async () => expect(await queue.deadLetters()).toHaveLength(200), patience);
      const letters = await queue.deadLetters();
      for (const { cause } of letters) expect(cause).toMatch(/^The message is .+\.$/);
      expect(new Set(letters.map(({ id }) => id)).size).toBe(200);
    });

    describe('a dead letter', () => {
      it('can be added about a conversion, and names it and the cause', async () => {
        await queue.bury({ conversionId: 'a' }, 'It ended two converters.');
        await vi.waitFor(async () => expect(await peer.deadLetters()).toHaveLength(1), patience);
        const [letter] = await peer.deadLetters();
        expect(letter).toEqual({
          id: expect.any(String),
          body: '{"conversionId":"a"}',
          conversionId: 'a',
          cause: 'It ended two converters.',
          at: expect.stringMatching(/^\d{4}-.+Z$/),
        });
      });

      it('is not delivered', async () => {
        await queue.bury(ticket, 'It ended two converters.');
        const held = await hold(queue, 1);
        held.release();
        await expectStarted(held, 1);
        expect(await queue.deadLetters()).toHaveLength(1);
      });

      it('can be dropped by its id, and the others stay in their order', async () => {
        for (const conversionId of ['a', 'b', 'c', 'd']) await queue.bury({ conversionId }, 'It ended two converters.');
        const [first, second, third] = await queue.deadLetters();
        expect(await peer.dropDeadLetters([first?.id ?? '', third?.id ?? '', 'unknown'])).toBe(2);
        const ids = async () => (await queue.deadLetters()).map(({ conversionId }) => conversionId);
        expect(await ids()).toEqual(['b', 'd']);
        expect(await queue.dropDeadLetters([first?.id ?? ''])).toBe(0);
        expect(await queue.dropDeadLetters([])).toBe(0);
        expect((await queue.deadLetters())[0]).toEqual(second);
      });

      it('is dropped once, if two processes try at once', async () => {
        for (let index = 0; index < 10; index += 1) await queue.bury(ticket, 'It ended two converters.');
        const ids = (await queue.deadLetters()).map(({ id }) => id);
        const dropped = await Promise.all([queue, peer].map((each) => each.dropDeadLetters(ids)));
        expect(dropped).toHaveLength(2);
        expect(new Set(dropped)).toEqual(new Set([0, 10]));
        expect(await queue.deadLetters()).toEqual([]);
      });

      it('is one of at most as many as a queue keeps, and any number of them can be dropped', async () => {
        for (let group = 0; group < maxDeadLetters + 50; group += 50) {
          const ids = Array.from({ length: 50 }, (_, index) => `c${group + index}`);
          await Promise.all(ids.map((conversionId) => queue.bury({ conversionId }, 'Why.')));
        }
        const letters = await queue.deadLetters();
        expect([letters.length, letters[0]?.conversionId]).toEqual([maxDeadLetters, 'c50']);
        const [kept, ...others] = letters;
        const some = others.slice(100, 150).map(({ id }) => id);
        expect(await queue.dropDeadLetters(some)).toBe(50);
        expect((await queue.deadLetters()).length).toBe(maxDeadLetters - 50);
        expect(await queue.dropDeadLetters(others.map(({ id }) => id))).toBe(maxDeadLetters - 51);
        expect(await queue.deadLetters()).toEqual([kept]);
      });
    });

    describe('stopping', () => {
      it('fires the signal of running jobs, and waits until they have ended', async () => {
        const held = await hold(queue, 2);
        await expectStarted(held, 2);
        let stopped = false;
        const stopping = held.consumer.stop().then(() => {
          stopped = true;
        });
        expect(held.started.map(({ place }) => [place.signal.aborted, place.mayGoOn()])).toEqual([
          [true, false],
          [true, false],
        ]);
        await wait(silenceMilliseconds);
        expect(stopped).toBe(false);
        held.release();
        await stopping;
        await held.consumer.stop();
      });

      it('takes no more tickets, and leaves the work to the next consumer', async () => {
        const first = await hold(queue, 1);
        await expectStarted(first, 1);
        await publish(3);
        first.release();
        await first.consumer.stop();
        first.consumer.setPlaces(5);
        const before = first.started.length;
        await publish(3);
        await wait(silenceMilliseconds);
        expect(first.started).toHaveLength(before);
        const next = await hold(peer, 1);
        await vi.waitFor(() => expect(next.started.length).toBeGreaterThan(0), patience);
        next.release();
      });

      it('leaves the ticket of an interrupted job to another consumer', async () => {
        const [first, second] = [await hold(queue, 1), await hold(peer, 1)];
        await expectStarted(first, 1);
        await expectStarted(second, 1);
        first.started[0]?.end();
        await publish(1);
        await expectStarted(first, 2);
        second.started[0]?.end();
        const stopping = first.consumer.stop();
        first.release();
        await stopping;
        await expectStarted(second, 2);
        second.release();
      });

      it('stops every consumer when the queue is closed, and then accepts no ticket', async () => {
        const some = [await hold(queue, 1), await hold(queue, 1)];
        await vi.waitFor(() => expect(some.map(({ running }) => running())).toEqual([1, 1]), patience);
        const closing = queue.close();
        await vi.waitFor(() => {
          for (const { started } of some) expect(started[0]?.place.signal.aborted).toBe(true);
        }, patience);
        for (const held of some) held.release();
        await closing;
        await expect(queue.publish(ticket)).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
        await expect(hold(queue, 1)).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
        const away = { name: 'AppError', code: 'unavailable' };
        await expect(queue.deadLetters()).rejects.toMatchObject(away);
        await expect(queue.bury(ticket, 'Why.')).rejects.toMatchObject(away);
        await expect(queue.dropDeadLetters(['a'])).rejects.toMatchObject(away);
        await queue.close();
      });
    });
  });
}
