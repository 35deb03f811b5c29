import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createRemoteBackend } from '../../../desktop/client/remote-backend.ts';
import { createServerHttp } from '../../../desktop/client/server-http.ts';
import { keepInMemory, openServerSession, signIn } from '../../../desktop/client/server-session.ts';
import { hasEnded } from '../../../shared/api.ts';
import { openMediaFolder } from '../media/make-media.ts';
import { sendRaw } from '../raw-request.ts';
import { makeAccount } from '../running/api-client.ts';
import { startServerProcess } from '../running/server-process.ts';
import { waitUntil } from '../running/wait-until.ts';

const descriptors = 1024;
const attackProgram = join(import.meta.dirname, 'attack-program.ts');

/** A running attack. */
interface Attack extends AsyncDisposable {
  /** How many connections of each kind it has opened so far. */
  opened(): readonly number[];
}

function startAttack(...args: readonly string[]): Attack {
  const child = spawn(process.execPath, [attackProgram, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '{}';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = text.trimEnd().split('\n').at(-1) ?? said;
  });
  return {
    opened: () => Object.values(JSON.parse(said) as Record<string, number>),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}
const head = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

/** Asks whether the server lives, as a health check does: again at once, a few times. */
async function isHealthy(url: string): Promise<boolean> {
  for (let tries = 0; tries < 5; tries += 1) {
    const answer = await sendRaw(url, head);
    if (answer.startsWith('HTTP/1.1 200 ')) return true;
  }
  return false;
}

it('with 1024 descriptors and every attack running, the server lives and an honest video is converted', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'soundlift-attacks-'));
  await using media = await openMediaFolder();
  const path = await media.make({ container: 'mp4', seconds: 20 });
  await using server = await startServerProcess({ dataFolder, descriptors });
  const url = (): string => server.url;
  const attackers = [await makeAccount({ url }), await makeAccount({ url }), await makeAccount({ url })] as const;
  const honest = await makeAccount({ url });
  const [one, two, three] = attackers;
  const attack = startAttack(server.url, one.token, two.token, three.token);
  try {
    await waitUntil(
      'the attack is at its height',
      async () => {
        const opened = attack.opened();
        return opened.length > 0 && !opened.includes(0) && opened.reduce((sum, count) => sum + count) > 5000;
      },
      { seconds: 120 },
    );

    let mostDescriptors = 0;
    const health: boolean[] = [];
    let isOver = false;
    const watching = (async () => {
      while (!isOver || health.length < 10) {
        health.push(await isHealthy(server.url));
        mostDescriptors = Math.max(mostDescriptors, (await readdir(`/proc/${server.pid}/fd`)).length);
        await delay(250);
      }
    })();

    const http = createServerHttp(server.url);
    const keeper = keepInMemory();
    await waitUntil('the honest person is signed in', async () =>
      signIn(http, honest, keeper).then(
        () => true,
        () => false,
      ),
    );
    const backend = createRemoteBackend(openServerSession(http, keeper));
    const { signal } = new AbortController();
    const file = { path, fileName: basename(path), bytes: (await stat(path)).size };
    const { id } = await backend.submit({ file, options: { format: 'mp3' } }, signal);
    const ended = await waitUntil(
      'the honest conversion has ended',
      async () => {
        const conversion = await backend.get(id).catch(() => undefined);
        return conversion !== undefined && hasEnded(conversion.state) ? conversion : undefined;
      },
      { seconds: 240 },
    );
    expect(ended.state).toBe('done');
    const { chunks } = await backend.openResult(id, signal);
    let bytes = 0;
    for await (const chunk of chunks) bytes += chunk.byteLength;
    expect(bytes).toBe(ended.result?.bytes);

    isOver = true;
    await watching;
    await backend.close();
    console.log({ opened: attack.opened(), mostDescriptors, health: health.length });
    expect(health.filter((one) => !one)).toEqual([]);
    expect(mostDescriptors).toBeLessThan(descriptors);
  } finally {
    await attack[Symbol.asyncDispose]();
  }
  // Afterwards everything is free again.
  expect((await honest.fetch('/api/v1/me')).status).toBe(200);
  await waitUntil('the attackers’ requests are over', async () => (await three.fetch('/api/v1/me')).status === 200);
  await server.stop();
  await rm(dataFolder, { recursive: true });
}, 600_000);
