import { setTimeout as wait } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { OwnedEvent } from '../../messages.ts';
import type { SkippedItem } from '../../ports/skipped-item.ts';
import { type PrivateRabbit, startPrivateRabbit } from '../../tests/servers/private-rabbitmq.ts';
import { connectProgram } from '../../tests/servers/rabbit-program.ts';
import { openRabbit, type RabbitParts } from './open-rabbit.ts';
import { parseRabbitUrl } from './rabbit-url.ts';

/** How long a server may need, in milliseconds, on a busy machine. */
const patience = { timeout: 40_000, interval: 20 };
const ticket = { conversionId: 'a' };

const consumerTimeoutSeconds = 2;

let rabbit: PrivateRabbit;
beforeAll(async () => {
  rabbit = await startPrivateRabbit({
    management: true,
    settings: [`consumer_timeout = ${consumerTimeoutSeconds * 1000}`],
  });
});
afterAll(() => rabbit[Symbol.asyncDispose]());

const silent = pino({ level: 'silent' });

async function open(url: string, log: Logger = silent): Promise<RabbitParts> {
  return await openRabbit(url, log, () => undefined);
}

function collectLog(): { log: Logger; text: () => string } {
  let text = '';
  const log = pino({ level: 'trace' }, { write: (line: string) => void (text += line) });
  return { log, text: () => text };
}

/** A handler whose jobs run until the test ends them, or has ended. */
function heldJobs() {
  let started = 0;
  const ends: (() => void)[] = [];
  return {
    started: () => started,
    endOne: () => ends.shift()?.(),
    async handler() {
      started += 1;
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      await promise;
    },
    [Symbol.dispose]() {
      for (const end of ends) end();
    },
  };
}

describe('what RabbitMQ has', () => {
  const vhostOf = (url: string): string => parseRabbitUrl(url).vhost;

  it('is one durable quorum queue of tickets for each kind of work, with dead letters and one consumer for each free place', async () => {
    const url = await rabbit.newVhost();
    await using parts = await open(url);
    using jobs = heldJobs();
    await parts.videoQueue.consume(jobs.handler, { places: 3 });
    jobs.endOne();
    const vhost = vhostOf(url);
    for (const name of ['video', 'mp3']) {
      expect(await rabbit.manage(`queues/${vhost}/${name}`)).toMatchObject({
        type: 'quorum',
        durable: true,
        arguments: {
          'x-delivery-limit': 20,
          'x-dead-letter-exchange': 'soundlift.dead',
          'x-dead-letter-routing-key': `${name}.dead`,
        },
      });
      expect(await rabbit.manage(`queues/${vhost}/${name}.dead`)).toMatchObject({
        durable: true,
        arguments: { 'x-max-length': 1000 },
      });
    }
    await vi.waitFor(async () => {
      expect(await rabbit.manage(`queues/${vhost}/video`)).toMatchObject({ consumers: 1 });
      expect(await rabbit.manage(`queues/${vhost}/video.places`)).toMatchObject({ consumers: 3 });
    }, patience);
  });

  it('is declared by two that start at once', async () => {
    const url = await rabbit.newVhost();
    const both = await Promise.all([open(url), open(url)]);
    for (const parts of both) await parts[Symbol.asyncDispose]();
  });

  it('has no more than 64 bindings for the events of any number of owners', async () => {
    const url = await rabbit.newVhost();
    await using parts = await open(url);
    const owners = Array.from({ length: 1000 }, (_, index) => `owner ${index}`);
    const heard: string[] = [];
    const subscriptions = owners.map((owner) =>
      parts.events.subscribe({ owner, kinds: ['read'] }, (event) => heard.push(event.owner)),
    );
    await Promise.all(subscriptions.map(({ ready }) => ready));
    for (const owner of [...owners, 'a stranger']) parts.events.publish({ owner, event: { type: 'read', ids: [] } });
    await vi.waitFor(() => expect(heard).toHaveLength(1000), patience);
    expect(heard).toEqual(owners);
    const bindings = (): Promise<unknown> =>
      rabbit.manage(`exchanges/${vhostOf(url)}/soundlift.events/bindings/source`);
    // One is for gaps.
    expect(await bindings()).toHaveLength(65);
    for (const { end } of subscriptions) end();
    await vi.waitFor(async () => expect(await bindings()).toHaveLength(1), patience);
  });
});

describe('a queue or an exchange that somebody declared with other settings', () => {
  it.each(['video', 'mp3.dead', 'mp3.places'])('is named and refused at the start: %s', async (name) => {
    const url = await rabbit.newVhost();
    await using other = await connectProgram(url);
    await other.channel.assertQueue(name, { durable: true });
    await expect(open(url)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(`the queue ${name} with other settings`),
    });
    await other.channel.deleteQueue(name);
    await (await open(url))[Symbol.asyncDispose]();
  });

  it('is named and refused at the start: the exchange of events', async () => {
    const url = await rabbit.newVhost();
    await using other = await connectProgram(url);
    await other.channel.assertExchange('soundlift.events', 'fanout');
    await expect(open(url)).rejects.toThrow('the exchange soundlift.events with other settings');
  });

  it('while we run, lets publishing fail and is named in the log once, until it is deleted', async () => {
    const url = await rabbit.newVhost();
    const { log, text } = collectLog();
    await using parts = await open(url, log);
    using jobs = heldJobs();
    await parts.videoQueue.consume(jobs.handler, { places: 1 });
    await using other = await connectProgram(url);
    const { channel } = other;
    // Before ours: it declares its queues in this order.
    await channel.deleteQueue('video.dead');
    await channel.assertQueue('video.dead', { durable: true });
    await channel.deleteQueue('video');
    const said = (): number => text().split('the queue video.dead with other settings').length - 1;
    await expect(parts.videoQueue.publish(ticket)).rejects.toMatchObject({ code: 'unavailable' });
    await vi.waitFor(() => expect(said()).toBeGreaterThan(0), patience);
    await expect(parts.videoQueue.publish(ticket)).rejects.toMatchObject({ code: 'unavailable' });
    const before = said();
    await wait(3000);
    expect(said()).toBe(before);
    await channel.deleteQueue('video.dead');
    await vi.waitFor(() => parts.videoQueue.publish(ticket), patience);
  });
});

describe('work goes on', () => {
  it('after its queue was purged, and after it was deleted', async () => {
    const url = await rabbit.newVhost();
    await using parts = await open(url);
    await using other = await connectProgram(url);
    const rows: number[] = [];
    let taken = 0;
    await parts.videoQueue.consume(
      async (place) => {
        while (place.mayGoOn()) {
          await wait(5);
          if (rows.shift() === undefined) return;
          taken += 1;
        }
      },
      { places: 2 },
    );
    for (let row = 1; row <= 100; row += 1) {
      rows.push(row);
      await parts.videoQueue.publish(ticket).catch(() => undefined);
      if (row <= 50 && row % 10 === 0) await other.channel.purgeQueue('video');
      if (row === 60) await other.channel.deleteQueue('video');
    }
    await vi.waitFor(() => expect([rows.length, taken]).toEqual([0, 100]), patience);
    await vi.waitFor(() => parts.videoQueue.publish(ticket), patience);
  });

  it('during a job that takes longer than RabbitMQ waits for an acknowledgement', async () => {
    const url = await rabbit.newVhost();
    const { log, text } = collectLog();
    await using parts = await open(url, log);
    using jobs = heldJobs();
    await parts.videoQueue.consume(jobs.handler, { places: 1 });
    jobs.endOne();
    await parts.videoQueue.publish(ticket);
    await vi.waitFor(() => expect(jobs.started()).toBe(2), patience);
    await wait(consumerTimeoutSeconds * 1000 + 2000);
    jobs.endOne();
    await parts.videoQueue.publish(ticket);
    await vi.waitFor(() => expect(jobs.started()).toBe(3), patience);
    expect(text()).toBe('');
  });
});

describe('garbage', () => {
  it('is read by one at a time, since another reader would miss what the first one holds', async () => {
    const url = await rabbit.newVhost();
    await using parts = await open(url);
    await using other = await connectProgram(url);
    for (let index = 0; index < 100; index += 1) {
      other.channel.publish('soundlift.dead', 'video.dead', Buffer.from(`bad ${index}`), {
        headers: { cause: 'Bad.' },
      });
    }
    await vi.waitFor(async () => expect(await parts.videoQueue.deadLetters()).toHaveLength(100), patience);
    // Another reader does this first.
    await other.channel.assertQueue('video.dead.reading', { exclusive: true, durable: false });
    const onRead = vi.fn();
    const readers = [1, 2].map(async () => onRead(await parts.videoQueue.deadLetters()));
    await wait(500);
    expect(onRead).not.toHaveBeenCalled();
    await other.channel.deleteQueue('video.dead.reading');
    await Promise.all(readers);
    for (const [letters] of onRead.mock.calls) expect(letters).toHaveLength(100);
  });

  it('is what RabbitMQ takes a ticket for whose consumers die too often', async () => {
    const url = await rabbit.newVhost();
    await using parts = await open(url);
    await using other = await connectProgram(url);
    const body = JSON.stringify(ticket);
    other.channel.sendToQueue('video', Buffer.from(body));
    await other.channel.consume('video', (message) => message && other.channel.nack(message));
    await vi.waitFor(async () => {
      const cause = 'The message was returned too often.';
      expect(await parts.videoQueue.deadLetters()).toMatchObject([{ body, cause, conversionId: ticket.conversionId }]);
    }, patience);
  });

  it('among the events is dropped and reported', async () => {
    const url = await rabbit.newVhost();
    const skipped: SkippedItem[] = [];
    await using parts = await openRabbit(url, silent, (item) => skipped.push(item));
    const heard: string[] = [];
    await parts.events.subscribe({ owner: 'anna', kinds: ['read'] }, ({ event }) => heard.push(event.type)).ready;
    const read: OwnedEvent = { owner: 'anna', event: { type: 'read', ids: [] } };
    await using other = await connectProgram(url);
    const { queue } = await other.channel.assertQueue('', { exclusive: true });
    await other.channel.bindQueue(queue, 'soundlift.events', '#');
    parts.events.publish(read);
    await vi.waitFor(() => expect(heard).toEqual(['read']), patience);
    const { promise, resolve } = Promise.withResolvers<string>();
    await other.channel.consume(queue, (message) => message && resolve(message.fields.routingKey));
    const key = await promise;
    const bodies = [
      'no JSON',
      '{}',
      '{"owner":"anna","event":{"type":"other"}}',
      JSON.stringify({ ...read, owner: 'bert' }),
    ];
    for (const body of bodies) other.channel.publish('soundlift.events', key, Buffer.from(body));
    parts.events.publish(read);
    await vi.waitFor(() => expect(skipped).toHaveLength(bodies.length), patience);
    await vi.waitFor(() => expect(heard).toEqual(['read', 'read']), patience);
    expect(skipped[0]).toMatchObject({ kind: 'message', id: 'event' });
  });
});

describe('RabbitMQ refuses us', () => {
  it.each([
    ['the password', (url: URL) => Object.assign(url, { username: 'soundlift', password: 'a wrong password' })],
    ['the vhost', (url: URL) => Object.assign(url, { pathname: '/nowhere', password: 'guest', username: 'guest' })],
  ])('for %s: a sentence, and no password in it or in the log', async (_what, change) => {
    const { log, text } = collectLog();
    const url = change(new URL(rabbit.url)).href;
    await expect(open(url, log)).rejects.toMatchObject({
      code: 'invalid',
      message: 'RabbitMQ refused the user, the password or the vhost of RABBITMQ_URL.',
    });
    expect(text()).not.toContain('wrong');
  });
});
