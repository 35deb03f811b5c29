import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { ServiceName } from '../tests/running/service-process.ts';

/** Good ones, for servers that nobody can reach: a service with these waits for them. */
const settings = {
  JWT_SECRET: 'a secret of this test that is long enough',
  AUTH_URL: 'http://127.0.0.1:9',
  MYSQL_URL: 'mysql://auth_user:kLw2-9dPq7-uYx4-@127.0.0.1:9/auth',
  MONGODB_URL: 'mongodb://127.0.0.1:9/soundlift',
  RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:9',
};

/** Runs a service until it ends by itself. */
async function run(name: ServiceName, changes: Partial<typeof settings>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], PORT: '0', ...settings, ...changes },
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, out, err };
}

it.concurrent.each<[ServiceName, Partial<typeof settings>, string]>([
  [
    'gateway',
    { JWT_SECRET: 'changeme-changeme-changeme-changeme' },
    'JWT_SECRET must be a random secret of your own, not a default, an example or a pattern.',
  ],
  [
    'auth',
    { MYSQL_URL: 'mysql://auth_user:Auth123@127.0.0.1:9/auth' },
    'MYSQL_URL must be a URL with a random password of your own, not a default, an example or a pattern.',
  ],
  [
    'converter',
    { MONGODB_URL: 'mongodb://mongodb/soundlift' },
    'MONGODB_URL must be a URL with a user and a password, unless MongoDB is on this computer.',
  ],
  [
    'notifier',
    { RABBITMQ_URL: 'amqp://guest:guest@rabbitmq' },
    'RABBITMQ_URL must be a URL with a user of your own: guest is only for a RabbitMQ on this computer.',
  ],
])('%s does not start with %j, and says why without showing it', async (name, changes, sentence) => {
  expect(await run(name, changes)).toEqual({ code: 2, out: '', err: `${sentence}\n` });
});
