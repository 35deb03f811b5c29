import type { ConfirmChannel, Options } from 'amqplib';

/** Publishes a message that survives a restart of RabbitMQ. Resolves once RabbitMQ has it on disk. */
export async function publishConfirmed(
  channel: ConfirmChannel,
  exchange: string,
  routingKey: string,
  body: Buffer,
  options: Options.Publish = {},
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    channel.publish(exchange, routingKey, body, { ...options, persistent: true }, (error: unknown) => {
      if (error === null) resolve();
      else reject(error instanceof Error ? error : new Error('RabbitMQ did not confirm a message', { cause: error }));
    });
  });
}
