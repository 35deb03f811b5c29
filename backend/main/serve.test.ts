import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openDataFolder } from '../adapters/embedded/data-folder.ts';
import { lockDataFolder } from '../adapters/embedded/data-folder-lock.ts';
import { parseConfig } from '../config.ts';
import { openRaw, type RawConnection } from '../tests/raw-request.ts';
import { openEvents } from '../tests/running/event-client.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { threads, withFreezableThreads } from '../tests/stores/freezable-threads.ts';
import { serve } from './serve.ts';

vi.mock('node:worker_threads', async (importActual) => withFreezableThreads(await importActual()));

/** So few that one client may have 48 connections. */
vi.mock('./descriptor-limit.ts', () => ({ descriptorLimit: () => 200 }));

/** Serves with the settings until `use` has ended, and passes it the lines that were printed. */
async function whileServing(
  settings: Readonly<Record<string, string>>,
  use: (said: readonly string[]) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-serve-'));
  const stop = new AbortController();
  const said: string[] = [];
  const config = parseConfig({ PATH: '', PORT: '0', SOUNDLIFT_DATA: folder, LOG_LEVEL: 'silent', ...settings });
  const serving = serve({ config, version: '1.2.3', say: (line) => said.push(line), signal: stop.signal });
  try {
    await Promise.race([serving, waitUntil('it listens', () => said.at(-1)?.startsWith('listening on '))]);
    await use(said);
  } finally {
    stop.abort();
    await serving;
    await rm(folder, { recursive: true });
  }
}

const urlIn = (line: string | undefined): string => line?.replace(/^.* on /, '') ?? '';

it.each<[string, (folder: string, opened: AsyncDisposableStack) => Promise<unknown>]>([
  ['is a file', (folder) => writeFile(folder, 'x')],
  ['has a damaged database', (folder) => mkdir(folder).then(() => writeFile(join(folder, 'accounts.db'), 'x'))],
  ['has a damaged signing key', (folder) => mkdir(folder).then(() => writeFile(join(folder, 'signing-key'), 'x'))],
  ['is in use', async (folder, opened) => opened.use(lockDataFolder(await openDataFolder(folder)))],
])('names the settings of a data folder that %s', async (_, trouble) => {
  await using opened = new AsyncDisposableStack();
  const outside = await mkdtemp(join(tmpdir(), 'soundlift-unusable-'));
  opened.defer(() => rm(outside, { recursive: true }));
  const folder = join(outside, 'data');
  await trouble(folder, opened);
  const serving = whileServing({ SOUNDLIFT_DATA: folder }, async () => undefined);
  await expect(serving).rejects.toThrow(
    /^The data folder \(--data or SOUNDLIFT_DATA\) (?:cannot be used: |is in use )/,
  );
});

it('serves its metrics only on their own port', async () => {
  await whileServing({ METRICS_PORT: '0' }, async ([metrics, listening]) => {
    await fetch(`${urlIn(listening)}/healthz`);
    const answer = await fetch(urlIn(metrics));
    expect(await answer.text()).toContain('soundlift_http_request_seconds_count{method="GET",route="/healthz"');
    expect((await fetch(`${urlIn(listening)}/metrics`)).status).toBe(404);
    expect((await fetch(urlIn(metrics).replace('/metrics', '/api/v1/server'))).status).toBe(404);
  });
});

it('serves its metrics to this computer only, wherever it listens itself, unless a host is set for them', async () => {
  await whileServing({ HOST: '0.0.0.0', METRICS_PORT: '0' }, async ([metrics]) => {
    expect(metrics).toMatch(/^metrics on http:\/\/127\.0\.0\.1:/);
    const { port } = new URL(urlIn(metrics));
    expect((await fetch(urlIn(metrics))).status).toBe(200);
    // The whole of 127.0.0.0/8 is this computer, but only one of its addresses is listened on.
    await expect(fetch(`http://127.0.0.2:${port}/metrics`)).rejects.toThrow();
  });
  await whileServing({ METRICS_HOST: '0.0.0.0', METRICS_PORT: '0' }, async ([metrics]) => {
    const { port } = new URL(urlIn(metrics));
    expect((await fetch(`http://127.0.0.2:${port}/metrics`)).status).toBe(200);
  });
});

it('limits the connections of one client', async () => {
  await whileServing({}, async ([listening]) => {
    const connections: RawConnection[] = [];
    for (let count = 0; count <= 48; count += 1) connections.push(await openRaw(urlIn(listening)));
    // Without an answer, so not because it has sent nothing for too long.
    expect(await connections[0]?.closed).toBe('');
    for (const connection of connections) connection.destroy();
  });
});

it('has no port for metrics unless one is set', async () => {
  await whileServing({}, async (said) => {
    expect(said).toEqual([expect.stringMatching(/^listening on http:\/\/127\.0\.0\.1:[0-9]+$/)]);
  });
});

it('tells listeners that it shuts down, and does not wait for those that do not answer', async () => {
  let ended: Promise<unknown> = Promise.resolve();
  let began = 0;
  await whileServing({}, async ([listening]) => {
    const [client, deaf] = [await openEvents(urlIn(listening)), await openEvents(urlIn(listening))];
    deaf.socket.pause();
    ended = client.ended;
    began = performance.now();
  });
  expect(await ended).toMatchObject({ code: 1001 });
  // The grace period for requests is longer.
  expect(performance.now() - began).toBeLessThan(8000);
});

it('stops within seconds, with a sentence, although its databases hang', async () => {
  let began = 0;
  const serving = whileServing({}, async ([listening]) => {
    threads.frozen = true;
    const hanging = fetch(`${urlIn(listening)}/readyz`);
    hanging.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 6000));
    began = performance.now();
  });
  await expect(serving).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('Nothing is lost'),
  });
  threads.frozen = false;
  expect(performance.now() - began).toBeLessThan(15_000);
});

it('ends when its databases cannot be used any more', async () => {
  const serving = whileServing({}, async ([listening]) => {
    await threads.started.at(-1)?.terminate();
    await waitUntil('it no longer listens', () =>
      fetch(`${urlIn(listening)}/healthz`).then(
        () => false,
        () => true,
      ),
    );
  });
  await expect(serving).rejects.toMatchObject({ code: 'unavailable' });
});
