import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { OwnedEvent } from '../../messages.ts';
import { heldBytes } from '../../ports/blob-examples.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import type { JobQueue } from '../../ports/job-queue.ts';
import { openBadLine } from '../../tests/running/bad-line.ts';
import { type PrivateRabbit, startPrivateRabbit } from '../../tests/servers/private-rabbitmq.ts';
import { type ConnectedUser, connectOverLine } from '../../tests/servers/rabbit-line.ts';
import { connectProgram } from '../../tests/servers/rabbit-program.ts';
import { openRabbit } from './open-rabbit.ts';
import { createRabbitEventBus } from './rabbit-event-bus.ts';
import { createRabbitJobQueue } from './rabbit-job-queue.ts';
import { parseRabbitUrl } from './rabbit-url.ts';

/** How long a server may need, in milliseconds, on a busy machine. */
const patience = { timeout: 40_000, interval: 20 };
/** How long a publisher may be kept waiting. */
const fewSeconds = 8;
const ticket = { conversionId: 'a' };
const unavailable = { name: 'AppError', code: 'unavailable' };

let rabbit: PrivateRabbit;
beforeAll(async () => {
  rabbit = await startPrivateRabbit();
});
afterAll(() => rabbit[Symbol.asyncDispose]());

const silent = pino({ level: 'silent' });

const newQueueName = (): string => `video-${randomUUID()}`;
const newQueue = (name = newQueueName()) => createRabbitJobQueue(name, () => undefined);
const newBus = (exchange: string) =>
  createRabbitEventBus({ exchange, onError: () => undefined, skipped: () => undefined });

/** A queue of its own name, which is closed before its connection. */
async function connectQueue(name = newQueueName()): Promise<ConnectedUser & { queue: JobQueue }> {
  const queue = newQueue(name);
  const connected = await connectOverLine(rabbit.url, queue);
  return {
    queue,
    line: connected.line,
    async [Symbol.asyncDispose]() {
      await queue.close();
      await connected[Symbol.asyncDispose]();
    },
  };
}

async function connectBus(exchange: string): Promise<ConnectedUser & { bus: EventBus }> {
  const bus = newBus(exchange);
  return { bus, ...(await connectOverLine(rabbit.url, bus)) };
}

/** The seconds until publishing fails, as it must. */
async function secondsUntilUnavailable(queue: JobQueue): Promise<number> {
  const begin = performance.now();
  await expect(queue.publish(ticket)).rejects.toMatchObject(unavailable);
  return (performance.now() - begin) / 1000;
}

async function publishUntilAdded(queue: JobQueue): Promise<void> {
  await vi.waitFor(async () => expect(await queue.publish(ticket)).toBe(true), patience);
}

function read(id: string, owner = 'anna'): OwnedEvent {
  return { owner, event: { type: 'read', ids: [id] } };
}

describe('while RabbitMQ cannot be reached', () => {
  it('publishing and reading fail, a new place works, and tickets are taken again later', async () => {
    await using connected = await connectQueue();
    const { queue, line } = connected;
    let looks = 0;
    await queue.consume(async () => void (looks += 1), { places: 1 });
    await vi.waitFor(() => expect(looks).toBe(1), patience);
    line.down = true;
    line.cut();
    await vi.waitFor(() => expect(queue.publish(ticket)).rejects.toMatchObject(unavailable), patience);
    await expect(queue.deadLetters()).rejects.toMatchObject(unavailable);
    let newLooks = 0;
    const later = await queue.consume(async () => void (newLooks += 1), { places: 1 });
    expect(newLooks).toBe(1);
    await later.stop();
    line.down = false;
    // The place looks again, since tickets may have been lost.
    await vi.waitFor(() => expect(looks).toBe(2), patience);
    await publishUntilAdded(queue);
    await vi.waitFor(() => expect(looks).toBe(3), patience);
  });

  it('a start succeeds, and everything works as soon as RabbitMQ is there', async () => {
    const address = parseRabbitUrl(rabbit.url);
    await using line = await openBadLine({ target: () => `http://127.0.0.1:${address.port}` });
    line.down = true;
    await using parts = await openRabbit(line.url.replace('http', 'amqp'), silent, () => undefined);
    let looks = 0;
    await parts.videoQueue.consume(async () => void (looks += 1), { places: 1 });
    expect(looks).toBe(1);
    await expect(parts.videoQueue.publish(ticket)).rejects.toMatchObject(unavailable);
    const onGap = vi.fn();
    const heard: OwnedEvent[] = [];
    await parts.events.subscribe({ owner: 'anna', kinds: ['read'] }, (event) => heard.push(event), onGap).ready;
    parts.events.publish(read('lost'));
    line.down = false;
    await vi.waitFor(() => expect([looks, onGap.mock.calls.length]).toEqual([2, 1]), patience);
    await publishUntilAdded(parts.videoQueue);
    parts.events.publish(read('kept'));
    await vi.waitFor(() => expect(heard).toEqual([read('kept')]), patience);
  });

  it('a busy place that had its last look before looks again after its job', async () => {
    await using connected = await connectQueue();
    const { queue, line } = connected;
    const jobs: (() => void)[] = [];
    await queue.consume(() => new Promise<void>((resolve) => jobs.push(resolve)), { places: 1 });
    await vi.waitFor(() => expect(jobs).toHaveLength(1), patience);
    line.cut();
    await publishUntilAdded(queue);
    jobs[0]?.();
    // Once because of the outage, and once for the ticket.
    await vi.waitFor(() => expect(jobs).toHaveLength(2), patience);
    jobs[1]?.();
    await vi.waitFor(() => expect(jobs).toHaveLength(3), patience);
    jobs[2]?.();
  });

  it('is logged once, and its end as well', async () => {
    let text = '';
    const log = pino({ level: 'info' }, { write: (line: string) => void (text += line) });
    const queue = newQueue();
    await using connected = await connectOverLine(rabbit.url, queue, log);
    const { line } = connected;
    line.down = true;
    line.cut();
    await vi.waitFor(() => expect(line.connections).toBeGreaterThan(3), patience);
    line.down = false;
    await publishWhenBack(queue);
    // One line for the connection that broke, and one for those that were refused.
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
    expect(text).toContain('connected to RabbitMQ again');
  });
});

/** Without a consumer, no ticket is added. */
async function publishWhenBack(queue: JobQueue): Promise<void> {
  await vi.waitFor(async () => expect(await queue.publish(ticket)).toBe(false), patience);
}

describe('a ticket', () => {
  it('that was on its way to a place that is gone is returned to the others', async () => {
    const name = newQueueName();
    await using far = await connectQueue(name);
    await using near = await connectQueue(name);
    let farLooks = 0;
    const consumer = await far.queue.consume(async () => void (farLooks += 1), { places: 1 });
    const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
    let nearLooks = 0;
    await near.queue.consume(
      async () => {
        nearLooks += 1;
        await isFree;
      },
      { places: 1 },
    );
    await vi.waitFor(() => expect([farLooks, nearLooks]).toEqual([1, 1]), patience);
    await using other = await connectProgram(rabbit.url);
    const { channel } = other;
    await vi.waitFor(async () => expect(await channel.checkQueue(name)).toMatchObject({ consumerCount: 1 }), patience);
    far.line.stalled = true;
    expect(await near.queue.publish(ticket)).toBe(true);
    await vi.waitFor(async () => expect(await channel.checkQueue(name)).toMatchObject({ messageCount: 0 }), patience);
    consumer.setPlaces(0);
    far.line.stalled = false;
    free();
    await vi.waitFor(() => expect(nearLooks).toBe(2), patience);
    expect(farLooks).toBe(1);
  });

  it('of a job that was interrupted by the close of its queue is published again', async () => {
    const name = newQueueName();
    await using closing = await connectQueue(name);
    await using other = await connectQueue(name);
    let looks = 0;
    await closing.queue.consume(
      async ({ signal }) => {
        looks += 1;
        if (looks === 2) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      { places: 1 },
    );
    await publishUntilAdded(closing.queue);
    await vi.waitFor(() => expect(looks).toBe(2), patience);
    let otherLooks = 0;
    await other.queue.consume(async () => void (otherLooks += 1), { places: 1 });
    await vi.waitFor(() => expect(otherLooks).toBe(1), patience);
    await closing.queue.close();
    await vi.waitFor(() => expect(otherLooks).toBe(2), patience);
  });
});

describe('while RabbitMQ is silent', () => {
  it('publishing fails within seconds, and then at once; afterwards tickets are taken again', async () => {
    await using connected = await connectQueue();
    const { queue, line } = connected;
    let looks = 0;
    await queue.consume(async () => void (looks += 1), { places: 1 });
    line.deaf = true;
    expect(await secondsUntilUnavailable(queue)).toBeLessThan(fewSeconds);
    await vi.waitFor(async () => expect(await secondsUntilUnavailable(queue)).toBeLessThan(1), patience);
    const before = looks;
    line.deaf = false;
    await vi.waitFor(() => expect(looks).toBeGreaterThan(before), patience);
    await publishUntilAdded(queue);
  });

  it('about one queue, a connection is tried again until it answers', async () => {
    const name = newQueueName();
    const queue = newQueue(name);
    await using connected = await connectOverLine(rabbit.url, queue);
    const { line } = connected;
    line.deafTo = `${name}.dead`;
    line.cut();
    const before = line.connections;
    await vi.waitFor(() => expect(line.connections).toBeGreaterThan(before + 1), patience);
    line.deafTo = undefined;
    await publishWhenBack(queue);
  });

  it('a new subscription is ready within seconds, and is told of a gap afterwards', async () => {
    await using connected = await connectBus(`events-${randomUUID()}`);
    const { bus, line } = connected;
    line.deaf = true;
    const onGap = vi.fn();
    const begin = performance.now();
    await bus.subscribe({ owner: 'anna', kinds: ['read'] }, () => undefined, onGap).ready;
    expect(performance.now() - begin).toBeLessThan(fewSeconds * 1000);
    line.deaf = false;
    await vi.waitFor(() => expect(onGap).toHaveBeenCalled(), patience);
  });

  it('events are dropped, and not kept in memory', async () => {
    await using connected = await connectBus(`events-${randomUUID()}`);
    const { bus, line } = connected;
    line.hold(0);
    const event = read('x'.repeat(1000));
    const before = heldBytes();
    for (let index = 0; index < 100_000; index += 1) {
      bus.publish(event);
      if (index % 1000 === 0) await wait(1);
    }
    expect(heldBytes() - before).toBeLessThan(20_000_000);
    line.release();
  });
});

describe('a gap', () => {
  it('is told to all processes when one of them had to drop its events', async () => {
    const exchange = `events-${randomUUID()}`;
    await using publisher = await connectBus(exchange);
    await using subscriber = await connectBus(exchange);
    const onGap = vi.fn();
    const heard: OwnedEvent[] = [];
    const topic = { owner: 'anna', kinds: ['read'] } as const;
    await subscriber.bus.subscribe(topic, (event) => heard.push(event), onGap).ready;
    publisher.bus.publish(read('kept'));
    await vi.waitFor(() => expect(heard).toEqual([read('kept')]), patience);
    expect(onGap).not.toHaveBeenCalled();
    publisher.line.cut();
    publisher.bus.publish(read('lost'));
    await vi.waitFor(() => expect(onGap).toHaveBeenCalled(), patience);
  });

  it('is told to a process that receives too slowly, of which RabbitMQ keeps only so many events', async () => {
    const exchange = `events-${randomUUID()}`;
    await using publisher = await connectBus(exchange);
    await using slow = await connectBus(exchange);
    const onGap = vi.fn();
    const heard: string[] = [];
    const topic = { owner: 'anna', kinds: ['read'] } as const;
    await slow.bus.subscribe(topic, ({ event }) => event.type === 'read' && heard.push(...event.ids), onGap).ready;
    let sent = 0;
    await publisher.bus.subscribe(topic, () => void (sent += 1)).ready;
    slow.line.stalled = true;
    const [count, atOnce] = [15_000, 500];
    for (let index = 1; index <= count; index += 1) {
      publisher.bus.publish(read(`${index} ${'x'.repeat(2000)}`));
      // So few that the publisher drops none.
      if (index % atOnce === 0) await vi.waitFor(() => expect(sent).toBe(index), patience);
    }
    publisher.bus.publish(read('last'));
    slow.line.stalled = false;
    await vi.waitFor(() => expect(heard.at(-1)).toBe('last'), patience);
    await vi.waitFor(() => expect(onGap).toHaveBeenCalled(), patience);
    expect(heard.length).toBeLessThan(count);
  });
});

describe('RabbitMQ that has no memory left', () => {
  it('takes no tickets and no events, which fails within seconds, and then takes them again', async () => {
    const exchange = `events-${randomUUID()}`;
    await using connected = await connectQueue();
    await using connectedBus = await connectBus(exchange);
    const { queue } = connected;
    const { bus } = connectedBus;
    let looks = 0;
    await queue.consume(async () => void (looks += 1), { places: 1 });
    await rabbit.control('set_vm_memory_high_watermark', '0.000001');
    await vi.waitFor(async () => {
      bus.publish(read('lost'));
      expect(await secondsUntilUnavailable(queue)).toBeLessThan(fewSeconds);
    }, patience);
    const onGap = vi.fn();
    await bus.subscribe({ owner: 'anna', kinds: ['read'] }, () => undefined, onGap).ready;
    const before = looks;
    await rabbit.control('set_vm_memory_high_watermark', 'absolute', '512MB');
    await publishUntilAdded(queue);
    await vi.waitFor(() => expect(looks).toBeGreaterThan(before), patience);
    await vi.waitFor(() => expect(onGap).toHaveBeenCalled(), patience);
  });
});

describe('RabbitMQ that is frozen', () => {
  it('lets publishing fail within seconds, and closing end; afterwards tickets are taken again', async () => {
    await using connected = await connectQueue();
    const { queue } = connected;
    const other = newQueue();
    const otherConnected = await connectOverLine(rabbit.url, other);
    let looks = 0;
    await queue.consume(async () => void (looks += 1), { places: 1 });
    await vi.waitFor(() => expect(looks).toBe(1), patience);
    await rabbit.freeze();
    try {
      expect(await secondsUntilUnavailable(queue)).toBeLessThan(fewSeconds);
      const begin = performance.now();
      await other.close();
      await otherConnected[Symbol.asyncDispose]();
      expect(performance.now() - begin).toBeLessThan(fewSeconds * 1000);
    } finally {
      await rabbit.thaw();
    }
    await publishUntilAdded(queue);
    await vi.waitFor(() => expect(looks).toBeGreaterThan(1), patience);
  });
});

describe('RabbitMQ that is killed and started again', () => {
  it('loses no work of two publishers and two consumers, although tickets are lost', async () => {
    const name = newQueueName();
    await using one = await connectQueue(name);
    await using two = await connectQueue(name);
    const rows: number[] = [];
    let taken = 0;
    for (const { queue } of [one, two]) {
      await queue.consume(
        async (place) => {
          while (place.mayGoOn()) {
            await wait(1);
            if (rows.shift() === undefined) return;
            taken += 1;
          }
        },
        { places: 2 },
      );
    }
    let row = 0;
    let isOver = false;
    const publishing = [one, two].map(async ({ queue }) => {
      while (!isOver) {
        rows.push((row += 1));
        await queue.publish(ticket).catch(() => wait(50));
      }
    });
    // RabbitMQ breaks a quorum queue if it is killed within a second after the queue was declared.
    await wait(2500);
    await rabbit.kill();
    await wait(500);
    await rabbit.start();
    await vi.waitFor(async () => {
      await one.queue.publish(ticket);
      await two.queue.publish(ticket);
    }, patience);
    await wait(500);
    isOver = true;
    await Promise.all(publishing);
    await vi.waitFor(() => expect([rows.length, taken]).toEqual([0, row]), patience);
  });
});
