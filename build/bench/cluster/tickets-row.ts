import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'amqplib';
import { pino } from 'pino';
import { openRabbit } from '../../../backend/adapters/cluster/open-rabbit.ts';
import { startRabbitForTests } from '../../../backend/tests/servers/private-rabbitmq.ts';
import { type Cost, measurePair } from '../measure.ts';
import { type Row, rounds } from '../row.ts';

const ticketCount = 1000;
const places = 8;
const publishers = 8;

export const tickets: Row = {
  name: 'cluster-tickets',
  what: `${ticketCount} tickets from ${publishers} publishers to ${places} places over a quorum queue, each confirmed, acknowledged, and held back while enough wait`,
  against: 'as many messages over a plain quorum queue, confirmed and acknowledged',
  async measure() {
    await using rabbit = await startRabbitForTests();
    await using ours = await openOurs(rabbit.url);
    await using plain = await openPlain(rabbit.url);
    const pair = await measurePair(
      rounds,
      () => measurePassing(ours),
      () => measurePassing(plain),
    );
    const perSecond = ({ wallSeconds }: Cost): string => `${Math.round(ticketCount / wallSeconds)} a second`;
    return {
      ...pair,
      notes: [
        `${perSecond(pair.ours)} against ${perSecond(pair.peer)}`,
        'the CPU is that of the publishers and places, not of RabbitMQ',
      ],
    };
  },
};

/** A queue whose publishers and consumers are in this process. */
interface Passing extends AsyncDisposable {
  /** Resolves with false if the message was not taken, and must be published again. */
  publish(): Promise<boolean>;
  /** How many have been consumed. */
  consumed(): number;
}

async function measurePassing(queue: Passing): Promise<Cost> {
  const consumedBefore = queue.consumed();
  const cpu = process.cpuUsage();
  const started = performance.now();
  let left = ticketCount;
  const publishInTurn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      if (!(await queue.publish())) left += 1;
    }
  };
  await Promise.all(Array.from({ length: publishers }, publishInTurn));
  while (queue.consumed() - consumedBefore < ticketCount) await delay(1);
  const wallSeconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { wallSeconds, cpuSeconds: (user + system) / 1e6 };
}

async function openOurs(url: string): Promise<Passing> {
  await using opened = new AsyncDisposableStack();
  const log = pino({ level: 'silent' });
  const names = { video: `bench-${randomUUID()}`, mp3: `bench-${randomUUID()}` };
  const open = async () => opened.use(await openRabbit(url, log, () => undefined, names));
  const [gateway, converter] = await Promise.all([open(), open()]);
  let handled = 0;
  await converter.videoQueue.consume(
    async () => {
      handled += 1;
    },
    { places },
  );
  // Each place works once without a ticket.
  while (handled < places) await delay(1);
  const kept = opened.move();
  return {
    publish: () => gateway.videoQueue.publish({ conversionId: randomUUID() }),
    consumed: () => handled,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function openPlain(url: string): Promise<Passing> {
  const [sending, receiving] = await Promise.all([connect(url), connect(url)]);
  const [publisher, consumer] = [await sending.createConfirmChannel(), await receiving.createChannel()];
  const queue = `bench-${randomUUID()}`;
  await publisher.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await consumer.prefetch(places);
  let received = 0;
  await consumer.consume(queue, (message) => {
    if (message === null) return;
    received += 1;
    consumer.ack(message);
  });
  return {
    publish: () =>
      new Promise((resolve, reject) => {
        const body = Buffer.from(JSON.stringify({ conversionId: randomUUID() }));
        publisher.sendToQueue(queue, body, { persistent: true }, (error) =>
          error === null ? resolve(true) : reject(error),
        );
      }),
    consumed: () => received,
    async [Symbol.asyncDispose]() {
      await publisher.deleteQueue(queue);
      await Promise.all([sending.close(), receiving.close()]);
    },
  };
}
