import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'amqplib';
import type { PrivateRabbit } from '../servers/private-rabbitmq.ts';

const queues = ['video', 'mp3'] as const;
const exchange = 'soundlift.events';
/** Marks a message that was repeated, so that it is not repeated again. */
const repeated = 'x-repeated';

/** Empties the queues of tickets, again and again for a while. Just after a start, RabbitMQ may refuse that. */
export async function purgeTickets(rabbit: PrivateRabbit, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (const queue of queues)
      await rabbit.manage(`queues/%2F/${queue}/contents`, { method: 'DELETE' }).catch(() => undefined);
    await delay(100);
  }
}

/** Sends tickets of these conversions, each twice to both queues, and for a while repeats every event and internal message. */
export async function repeatMessages(rabbit: PrivateRabbit, ids: readonly string[], seconds: number): Promise<void> {
  const connection = await connect(rabbit.url);
  // A cut is no failure of the test.
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    for (const conversionId of [...ids, ...ids]) {
      const body = Buffer.from(JSON.stringify({ conversionId }));
      for (const queue of queues) channel.sendToQueue(queue, body, { persistent: true });
    }
    const { queue } = await channel.assertQueue('', { exclusive: true, durable: false });
    await channel.bindQueue(queue, exchange, '#');
    await channel.consume(
      queue,
      (message) => {
        if (message === null || message.properties.headers?.[repeated] !== undefined) return;
        channel.publish(exchange, message.fields.routingKey, message.content, { headers: { [repeated]: true } });
      },
      { noAck: true },
    );
    await delay(seconds * 1000);
  } finally {
    await connection.close().catch(() => undefined);
  }
}
