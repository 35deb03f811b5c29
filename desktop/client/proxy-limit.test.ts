import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { listenSomewhere } from '../../backend/tests/running/listen-somewhere.ts';
import { openServerStand, type ServerStand } from '../../backend/tests/running/server-stand.ts';
import type { SourceFile } from './backend.ts';
import { createRemoteBackend, type RemoteBackend } from './remote-backend.ts';
import { createServerHttp } from './server-http.ts';
import { keepInMemory, openServerSession, signIn } from './server-session.ts';

const options = { format: 'mp3' } as const;
const never = new AbortController().signal;
const running = new AsyncDisposableStack();
let media: MediaFolder;
let stand: ServerStand;
let folder: string;

beforeAll(async () => {
  media = running.use(await openMediaFolder());
  stand = running.use(await openServerStand({ environment: { MAX_UPLOAD_BYTES: '20000000' } }));
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-limit-'));
  running.defer(() => rm(folder, { recursive: true, force: true }));
});
afterAll(() => running.disposeAsync());

interface ProxyOptions {
  /** The largest body that it lets through. */
  readonly most: number;
  /** Whether it answers before it has read the body, and then closes the connection. */
  readonly early: boolean;
}

/** A proxy before the server, which refuses larger bodies with 413 and a page of its own. */
async function startProxy({ most, early }: ProxyOptions) {
  const refused: number[] = [];
  const passed: number[] = [];
  const server = createServer((incoming, answer) => {
    const bytes = Number(incoming.headers['content-length'] ?? 0);
    if (bytes > most) {
      refused.push(bytes);
      answer.writeHead(413, { 'Content-Type': 'text/html', Connection: 'close' });
      answer.end('<html><h1>413 Request Entity Too Large</h1></html>');
      if (!early) incoming.resume();
      return;
    }
    if (incoming.method === 'PATCH') passed.push(bytes);
    const onward = request(stand.server().url + incoming.url, { method: incoming.method, headers: incoming.headers });
    onward.on('response', (given) => {
      answer.writeHead(given.statusCode ?? 0, given.headers);
      given.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  const { port, ...listening } = await listenSomewhere(server);
  return { ...listening, url: `http://127.0.0.1:${port}`, refused, passed };
}

async function signedIn(url: string): Promise<RemoteBackend> {
  const [http, keeper] = [createServerHttp(url), keepInMemory()];
  await signIn(http, stand.account, keeper);
  return createRemoteBackend(openServerSession(http, keeper));
}

/** A video, followed by padding up to `bytes`. */
async function padded(bytes: number): Promise<SourceFile> {
  const file = path.join(folder, 'talk.wav');
  const video = await readFile(await media.make({ container: 'wav', seconds: 2 }));
  await writeFile(file, Buffer.concat([video, randomBytes(bytes - video.byteLength)]));
  return { path: file, fileName: 'talk.wav', bytes };
}

describe('an upload through a proxy that refuses large requests', () => {
  it.each([false, true])(
    'halves its requests until they pass, and remembers their size (answers early: %s)',
    async (early) => {
      await using proxy = await startProxy({ most: 1_000_000, early });
      const backend = await signedIn(proxy.url);
      const { id } = await backend.submit({ file: await padded(3_840_000), options }, never);
      expect(await stand.account.ended(id)).toMatchObject({ state: 'done', sourceBytes: 3_840_000 });
      expect([...new Set(proxy.refused)]).toEqual([3_840_000, 1_920_000]);
      expect(proxy.passed).toEqual([960_000, 960_000, 960_000, 960_000]);

      const refusedBefore = proxy.refused.length;
      const { id: next } = await backend.submit({ file: await padded(2_000_000), options }, never);
      expect(await stand.account.ended(next)).toMatchObject({ state: 'done' });
      expect(proxy.refused).toHaveLength(refusedBefore);
      await backend.close();
    },
  );

  it('fails if even small requests are refused', async () => {
    await using proxy = await startProxy({ most: 10_000, early: false });
    const backend = await signedIn(proxy.url);
    await expect(backend.submit({ file: await padded(1_000_000), options }, never)).rejects.toMatchObject({
      code: 'too_large',
    });
    expect(proxy.refused.at(-1)).toBeGreaterThan(10_000);
    expect(proxy.refused.length).toBeLessThan(10);
    await backend.close();
  });

  it('is not halved if the server itself refuses the video', async () => {
    await using proxy = await startProxy({ most: Number.POSITIVE_INFINITY, early: false });
    const backend = await signedIn(proxy.url);
    await expect(backend.submit({ file: await padded(21_000_000), options }, never)).rejects.toMatchObject({
      code: 'too_large',
    });
    expect(proxy.passed).toEqual([]);
    await backend.close();
  });
});
