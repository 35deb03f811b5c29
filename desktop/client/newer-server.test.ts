import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Conversion } from '../../shared/api.ts';
import type { ServerEvent } from '../../shared/events.ts';
import type { Backend } from './backend.ts';
import { type RunEvent, runConversions } from './convert-run.ts';
import { createRemoteBackend, type RemoteBackend } from './remote-backend.ts';
import { createServerHttp } from './server-http.ts';
import { keepInMemory, openServerSession } from './server-session.ts';

const time = '2030-01-01T00:00:00.000Z';
const failed: Conversion = {
  id: 'f',
  revision: 4,
  state: 'failed',
  fileName: 'loud.mp4',
  sourceBytes: 1,
  progress: 0.5,
  attempt: 1,
  options: { format: 'mp3' },
  warnings: [],
  error: { code: 'too_loud', message: 'It is louder than 200 decibels.', details: { decibels: 210 } },
  createdAt: time,
  updatedAt: time,
};
const done: Conversion = {
  ...failed,
  id: 'd',
  state: 'done',
  progress: 1,
  error: undefined,
  result: { fileName: 'loud.mp3', bytes: 3, durationSeconds: 1, sha256: 'ab' },
  warnings: [
    { code: 'gaps', atSeconds: 1, count: 2 },
    { code: 'too_loud', message: 'The file was still being written.', sinceSeconds: 3 },
  ],
};
const notification = {
  id: 'n',
  kind: 'week',
  batchId: 'b',
  conversionIds: ['d'],
  counts: { done: 1, failed: 0, warned: 1 },
  seconds: 1,
  bytes: 3,
  mail: 'postponed',
  message: 'Your week in sounds.',
  createdAt: time,
};
const at = 'p1';
const hello = { type: 'hello', conversions: [failed, done], removed: [], notifications: [notification], at };
const session = {
  email: 'me@example.org',
  accessToken: 'token',
  refreshToken: 'refresh',
  expiresAt: '2100-01-01T00:00:00.000Z',
  signedInAt: time,
};

let running: AsyncDisposableStack;
let backend: RemoteBackend;
let sockets: WebSocket[];
/** The `since` of each socket. */
let positions: (string | null)[];
let events: ServerEvent[];

beforeEach(async () => {
  running = new AsyncDisposableStack();
  sockets = [];
  positions = [];
  events = [];
  const answers: Readonly<Record<string, unknown>> = {
    '/api/v1/conversions/f': failed,
    '/api/v1/conversions': { items: [failed, done] },
    '/api/v1/notifications': { items: [notification] },
  };
  const server = createServer((request, response) => {
    const answer = answers[new URL(request.url ?? '', 'http://localhost').pathname];
    const problem = { type: 'about:blank', title: 'Pay', status: 402, code: 'pay_first', detail: 'Pay first.' };
    response.writeHead(answer === undefined ? 402 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? problem));
  });
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (socket, request) => {
    sockets.push(socket);
    positions.push(new URL(request.url ?? '', 'http://localhost').searchParams.get('since'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.defer(() => {
    for (const socket of sockets) socket.terminate();
    webSockets.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const http = createServerHttp(`http://127.0.0.1:${port}`);
  backend = createRemoteBackend(openServerSession(http, keepInMemory(session)));
  running.defer(() => backend.close());
});
afterEach(() => running.disposeAsync());

async function follow(): Promise<(...frames: readonly object[]) => void> {
  backend.follow((event) => events.push(event));
  await vi.waitFor(() => expect(sockets).toHaveLength(1), { timeout: 40_000 });
  return tell;
}

function tell(...frames: readonly object[]): void {
  for (const frame of frames) sockets.at(-1)?.send(JSON.stringify(frame));
}

async function until(count: number): Promise<void> {
  await vi.waitFor(() => expect(events.length).toBeGreaterThanOrEqual(count), { timeout: 40_000 });
}

describe('a client of a newer server', () => {
  it('receives unknown codes and kinds with their messages', async () => {
    (await follow())({ ...hello, truncated: false }, { type: 'removed', ids: ['x'] });
    await until(4);
    expect(events).toEqual([
      { type: 'conversion', conversion: failed },
      { type: 'conversion', conversion: JSON.parse(JSON.stringify(done)) as unknown },
      { type: 'notification', notification },
      { type: 'removed', ids: ['x'] },
    ]);
  });

  it('skips unknown types of events and continues', async () => {
    (await follow())(
      { type: 'weather', forecast: 'rain' },
      { ...hello, truncated: false },
      { type: 'weather', ids: [1] },
      { type: 'conversion', conversion: { ...failed, revision: 5 } },
    );
    await until(4);
    expect(events.map(({ type }) => type)).toEqual(['conversion', 'conversion', 'notification', 'conversion']);
  });

  it('parses its answers', async () => {
    expect(await backend.get('f')).toEqual(failed);
    expect((await backend.page()).items.map(({ id }) => id)).toEqual(['f', 'd']);
    expect(await backend.notifications()).toEqual([notification]);
  });

  it('passes on the message of an unknown refusal, and does not retry', async () => {
    await expect(backend.cancel('x')).rejects.toMatchObject({
      code: 'unknown',
      givenCode: 'pay_first',
      message: 'Pay first.',
    });
  });

  it('reports a conversion that failed with an unknown code, and keeps the code', async () => {
    const told: RunEvent[] = [];
    const ofRun: Pick<Backend, 'submit' | 'follow' | 'remove'> = {
      submit: async () => failed,
      follow: () => () => {},
      remove: async () => {},
    };
    const source = { path: join(tmpdir(), 'loud.mp4'), fileName: 'loud.mp4', bytes: 1, identity: '1', subfolder: '' };
    const run = {
      backend: { ...backend, ...ofRun },
      sources: [source],
      options: { format: 'mp3' },
      overwrite: false,
      forgetEnded: true,
      atOnce: 1,
      onEvent: (event: RunEvent) => void told.push(event),
      onProgress: () => {},
      onDefect: (error: unknown) => expect.unreachable(String(error)),
    } as const;
    expect(await runConversions(run, new AbortController().signal)).toEqual({ saved: 0, failed: 1 });
    expect(told).toEqual([
      { type: 'failed', source: source.path, code: 'too_loud', message: 'It is louder than 200 decibels.' },
    ]);
  });
});

describe('a client that receives late events', () => {
  const queued = { ...failed, state: 'queued', attempt: 2, revision: 7, progress: 0, error: undefined } as const;
  const late = [
    { type: 'conversion', conversion: failed },
    { type: 'progress', id: 'f', revision: 3, progress: 0.9 },
  ] as const;

  it('drops events older than a hello, also after a hello in the middle of a connection', async () => {
    const send = await follow();
    const first = { ...hello, conversions: [failed], notifications: [], truncated: false };
    send(first, { ...first, conversions: [queued], at: 'p2' }, ...late, {
      type: 'progress',
      id: 'f',
      revision: 8,
      progress: 0.1,
    });
    await until(3);
    expect(events).toMatchObject([
      { type: 'conversion', conversion: { state: 'failed' } },
      { type: 'conversion', conversion: { state: 'queued' } },
      { type: 'progress', progress: 0.1 },
    ]);
  });

  it('drops them on the next connection too, which resumes from the latest hello', async () => {
    const send = await follow();
    send({ ...hello, truncated: false }, { ...hello, conversions: [queued], truncated: false, at: 'p2' });
    await until(5);
    sockets[0]?.close();
    await vi.waitFor(() => expect(positions).toEqual([null, 'p2']), { timeout: 40_000 });
    const before = events.length;
    tell({ ...hello, conversions: [], notifications: [], truncated: false }, ...late, { type: 'read', ids: [] });
    await until(before + 1);
    expect(events.slice(before)).toEqual([{ type: 'read', ids: [] }]);
  });
});
