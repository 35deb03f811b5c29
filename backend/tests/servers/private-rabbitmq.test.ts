import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { expect, it, vi } from 'vitest';
import { processesIn } from '../running/processes.ts';
import { waitUntil } from '../running/wait-until.ts';
import { startPrivateRabbit, startRabbitForTests } from './private-rabbitmq.ts';

const patience = { timeout: 40_000, interval: 50 };

/** Opens a connection, and closes it. */
async function reach(url: string): Promise<void> {
  const connection = await connect(url, { timeout: 1000 });
  await connection.close();
}

it('a private RabbitMQ keeps what it confirmed, and its address, and answers nothing while it is frozen', async () => {
  await using server = await startPrivateRabbit();
  const connection = await connect(server.url);
  connection.on('error', () => undefined);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('kept', { durable: true });
  channel.sendToQueue('kept', Buffer.from('this'), { persistent: true });
  await channel.waitForConfirms();

  await server.stop();
  await expect(reach(server.url)).rejects.toThrow('ECONNREFUSED');
  await server.start();
  await vi.waitFor(() => reach(server.url), patience);
  const again = await connect(server.url);
  expect(await (await again.createChannel()).checkQueue('kept')).toMatchObject({ messageCount: 1 });
  await again.close();

  await server.freeze();
  await expect(reach(server.url)).rejects.toThrow('ETIMEDOUT');
  await server.thaw();
  await vi.waitFor(() => reach(server.url), patience);
});

it.runIf(process.platform === 'linux')(
  'a private RabbitMQ, even a frozen one, ends with its process, even if that is killed with SIGKILL',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'soundlift-rabbitmq-test-'));
    const file = JSON.stringify(join(import.meta.dirname, 'private-rabbitmq.ts'));
    const script = `const { startPrivateRabbit } = await import(${file}); const server = await startPrivateRabbit(); await server.freeze(); console.log('started'); setInterval(() => {}, 1000);`;
    const env = { ...process.env, TMPDIR: folder };
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { env });
    await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
    expect((await processesIn(folder)).map(({ name }) => name)).toContain('beam.smp');
    child.kill('SIGKILL');
    await waitUntil('the server has ended', async () => (await processesIn(folder)).length === 0);
    await rm(folder, { recursive: true });
  },
);

it('no private RabbitMQ is started if RABBITMQ_URL names one', async () => {
  vi.stubEnv('RABBITMQ_URL', 'amqp://somewhere');
  await using server = await startRabbitForTests();
  expect(server.url).toBe('amqp://somewhere');
  vi.unstubAllEnvs();
});
