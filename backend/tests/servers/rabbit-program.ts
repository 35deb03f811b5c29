import { type Channel, connect } from 'amqplib';

/** Another program that uses RabbitMQ. What RabbitMQ refuses it does not end the test. */
export async function connectProgram(url: string): Promise<{ channel: Channel } & AsyncDisposable> {
  const connection = await connect(url);
  connection.on('error', () => undefined);
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  return { channel, [Symbol.asyncDispose]: () => connection.close() };
}
