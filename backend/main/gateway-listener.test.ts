import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type StartingProcess, spawnOwnProcess } from '../tests/running/own-process.ts';
import { serviceEntry } from '../tests/running/service-process.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { startPrivateMongo } from '../tests/servers/private-mongodb.ts';
import { freePort } from '../tests/servers/server-program.ts';

it('a gateway that waits for MongoDB is alive and says 503, and answers once MongoDB is there', async () => {
  await using opened = new AsyncDisposableStack();
  const mongo = opened.use(await startPrivateMongo());
  await mongo.stop();
  const { gateway, url } = await startGateway(mongo.url, opened);
  const ask = (path: string, request: RequestInit = {}): Promise<Response> => fetch(url + path, request);
  await waitUntil('it listens', () => ask('/healthz').then(Boolean, () => false));

  const alive = await ask('/healthz');
  expect([alive.status, await alive.text()]).toEqual([200, 'ok\n']);
  expect((await ask('/healthz', { method: 'POST' })).status).toBe(503);
  for (const path of ['/', '/readyz', '/api/v1/conversions', '/api/v1/events', '/healthz?', '/nowhere']) {
    const answer = await ask(path);
    expect(answer.status, path).toBe(503);
    expect(answer.headers.get('retry-after'), path).toBe('5');
    expect(await answer.json(), path).toMatchObject({
      code: 'unavailable',
      detail: expect.stringContaining('starting'),
    });
  }
  const upload = await ask('/api/v1/uploads', { method: 'POST', body: Buffer.alloc(5_000_000) });
  expect(upload.status).toBe(503);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/events`);
  await new Promise((resolve) => socket.addEventListener('error', resolve));

  await mongo.start();
  await gateway.ready;
  expect((await ask('/api/v1/openapi.json')).status).toBe(200);
  expect((await ask('/healthz')).headers.get('content-type')).toBe(alive.headers.get('content-type'));
  expect((await ask('/nowhere')).status).toBe(404);
});

it('a gateway that waits for MongoDB ends in order when it is stopped', async () => {
  await using opened = new AsyncDisposableStack();
  const { gateway, url } = await startGateway(`mongodb://127.0.0.1:${await freePort()}`, opened);
  await waitUntil('it listens', () => fetch(`${url}/healthz`).then(Boolean, () => false));
  process.kill(gateway.pid, 'SIGTERM');
  await expect(gateway.ready).rejects.toThrow();
  expect(gateway.ended()).toBe('0');
});

/** Starts a gateway without waiting for it. RabbitMQ and auth are away. */
async function startGateway(
  mongodbUrl: string,
  opened: AsyncDisposableStack,
): Promise<{ readonly gateway: StartingProcess; readonly url: string }> {
  const [port, nobody] = [await freePort(), await freePort()];
  const workFolder = await mkdtemp(join(tmpdir(), 'soundlift-gateway-'));
  opened.defer(() => rm(workFolder, { recursive: true }));
  const gateway = spawnOwnProcess({
    words: [process.execPath, serviceEntry, 'gateway'],
    environment: {
      MONGODB_URL: mongodbUrl,
      RABBITMQ_URL: `amqp://127.0.0.1:${nobody}`,
      AUTH_URL: `http://127.0.0.1:${nobody}`,
      JWT_SECRET: 'a secret of this test that is long enough',
      LOG_LEVEL: 'fatal',
      PORT: String(port),
      TMPDIR: workFolder,
    },
    ready: /^listening on /m,
    workFolder,
  });
  gateway.ready.catch(() => undefined);
  opened.defer(() => gateway.kill());
  return { gateway, url: `http://127.0.0.1:${port}` };
}
