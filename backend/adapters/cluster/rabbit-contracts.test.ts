import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { afterAll, beforeAll } from 'vitest';
import { describeEventBus } from '../../ports/event-bus.contract.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import { describeJobQueue } from '../../ports/job-queue.contract.ts';
import { startRabbitForTests, type TestRabbit } from '../../tests/servers/private-rabbitmq.ts';
import { connectOverLine } from '../../tests/servers/rabbit-line.ts';
import { createRabbitEventBus } from './rabbit-event-bus.ts';
import { createRabbitJobQueue } from './rabbit-job-queue.ts';
import { publishConfirmed } from './rabbit-publishing.ts';
import { queueNames } from './rabbit-queues.ts';

let rabbit: TestRabbit;
beforeAll(async () => {
  rabbit = await startRabbitForTests();
});
afterAll(() => rabbit[Symbol.asyncDispose]());

describeJobQueue('RabbitMQ', async () => {
  const name = `video-${randomUUID()}`;
  const [queue, peer] = [createRabbitJobQueue(name, () => undefined), createRabbitJobQueue(name, () => undefined)];
  const connections = await Promise.all([queue, peer].map((each) => connectOverLine(rabbit.url, each)));
  const other = await connect(rabbit.url);
  const channel = await other.createConfirmChannel();
  return {
    queue,
    peer,
    publishRaw: (body) => publishConfirmed(channel, '', name, Buffer.from(body)),
    async dispose() {
      await Promise.all([queue.close(), peer.close()]);
      for (const each of Object.values(queueNames(name))) await channel.deleteQueue(each);
      await Promise.all([other.close(), ...connections.map((connection) => connection[Symbol.asyncDispose]())]);
    },
  };
});

describeEventBus('RabbitMQ', async () => {
  const exchange = `events-${randomUUID()}`;
  const newBus = () => createRabbitEventBus({ exchange, onError: () => undefined, skipped: () => undefined });
  const [bus, peer] = [newBus(), newBus()];
  const connections = [await connectOverLine(rabbit.url, bus), await connectOverLine(rabbit.url, peer)] as const;
  const [{ line: busLine }, { line: peerLine }] = connections;
  return {
    bus,
    peer,
    async interrupt() {
      const [busIsBack, peerIsBack] = [nextGap(bus), nextGap(peer)];
      peerLine.down = true;
      for (const line of [busLine, peerLine]) line.cut();
      await busIsBack;
      // Only now, so that it does not also hear that the other one may have lost messages.
      peerLine.down = false;
      await peerIsBack;
    },
    async dispose() {
      await Promise.all([bus.close(), peer.close()]);
      await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()));
      const other = await connect(rabbit.url);
      await (await other.createChannel()).deleteExchange(exchange);
      await other.close();
    },
  };
});

async function nextGap(bus: EventBus): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const subscription = bus.subscribe({ owner: 'nobody', kinds: ['read'] }, () => undefined, resolve);
  await promise;
  subscription.end();
}
