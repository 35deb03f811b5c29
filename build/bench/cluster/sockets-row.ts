import { once } from 'node:events';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { openRabbit } from '../../../backend/adapters/cluster/open-rabbit.ts';
import type { EventBus } from '../../../backend/ports/event-bus.ts';
import { askProcess } from '../ask-process.ts';
import { percentile } from '../measure.ts';
import type { Row } from '../row.ts';
import { startMeasuredCluster } from './start-measured-cluster.ts';

const accounts = 25;
const sockets = 1000;
/** Opened and closed before anything is measured, so that code is compiled and pools have grown. */
const warmUpSockets = 100;
/** As ffmpeg tells its progress. */
const eventsPerSecond = 2;
const seconds = 10;
const socketsAtOnce = 20;
const tries = 5;
const limits = { milliseconds: 50, bytes: 20_000 };
/** The share of events that may not arrive: a gateway passes on no progress to a client while it reads what else that client needs. */
const mostMissing = 0.02;

export const progressOnSockets: Row = {
  name: 'cluster-sockets',
  what: `${sockets} WebSockets of ${accounts} accounts on one gateway; each gets ${eventsPerSecond} progress events a second over RabbitMQ`,
  against: 'limits',
  limit: `p99 from the publisher to the client ≤ ${limits.milliseconds} ms, < ${limits.bytes / 1000} KB a socket`,
  async measure(folder) {
    const file = join(folder, 'memory');
    await using cluster = await startMeasuredCluster(['auth', 'gateway'], () => ({
      NODE_OPTIONS: `--import ${join(import.meta.dirname, 'tell-memory.mjs')}`,
      MEMORY_FILE: file,
    }));
    const log = pino({ level: 'silent' });
    await using rabbit = await openRabbit(cluster.running.environment['RABBITMQ_URL'] ?? '', log, () => undefined);
    const pid = cluster.running.named('gateway')[0]?.process().pid ?? 0;
    const memory = async () => (await askProcess(pid, file)) as { readonly resident: number; readonly live: number };
    const people: Person[] = [];
    // One after the other, because hashes of passwords take a core each.
    while (people.length < accounts) {
      const { token } = await cluster.makeAccount();
      people.push({ id: idIn(token), token });
    }

    const warm = await openAll(cluster.url, people, warmUpSockets);
    await measureDelays(rabbit.events, people, warm, 2);
    await Promise.all(warm.map(close));
    await delay(500);
    const before = await memory();
    const open = await openAll(cluster.url, people, sockets);
    const idle = await memory();
    const cpuBefore = await cluster.cpuSeconds();
    const delays = await measureDelays(rabbit.events, people, open, seconds);
    const cpuShare = ((await cluster.cpuSeconds()) - cpuBefore) / seconds;
    const after = await memory();
    await Promise.all(open.map(close));

    const p99 = percentile(delays.milliseconds, 99);
    const share = delays.missing / (delays.missing + delays.milliseconds.length);
    const bytes = Math.max(idle.resident, after.resident) - before.resident;
    const each = (value: number): string => `${(value / sockets / 1000).toFixed(1)} KB`;
    return {
      holds: p99 <= limits.milliseconds && bytes / sockets < limits.bytes && share < mostMissing,
      notes: [
        `p99 ${p99.toFixed(1)} ms, p50 ${percentile(delays.milliseconds, 50).toFixed(1)} ms, of ${delays.milliseconds.length} events; ${delays.missing} missing`,
        `the event loop of the clients’ process at the same time p99 ${delays.ownLoop.toFixed(1)} ms; the services used ${cpuShare.toFixed(2)} of a core`,
        `${each(bytes)} of the gateway’s memory a socket, ${each(after.live - before.live)} of it live objects and buffers`,
      ],
    };
  },
};

interface Person {
  readonly id: string;
  readonly token: string;
}

/** The account's id is the subject of its token, as RFC 7519, section 4.1.2, says. */
function idIn(token: string): string {
  const [, claims = ''] = token.split('.');
  const { sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly sub: string };
  return sub;
}

/** Opens sockets of all people in turn. Resolves when each has had its hello. */
async function openAll(url: string, people: readonly Person[], count: number): Promise<readonly WebSocket[]> {
  const opened: WebSocket[] = [];
  let next = 0;
  const openInTurn = async (): Promise<void> => {
    for (let number = next; number < count; number = next) {
      next += 1;
      opened.push(await openOne(url, people[number % people.length]?.token ?? ''));
    }
  };
  await Promise.all(Array.from({ length: socketsAtOnce }, openInTurn));
  return opened;
}

/** Tries again, as clients do, if the server cannot take a socket now. */
async function openOne(url: string, token: string): Promise<WebSocket> {
  for (let left = tries; ; left -= 1) {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/events`, { headers, perMessageDeflate: false });
    const ended = once(socket, 'close').then(([code]) => `it ended with ${code} before its first frame`);
    const refusal = await Promise.race([once(socket, 'message').then(() => undefined), ended]).catch(String);
    if (refusal === undefined) return socket;
    if (left === 1) throw new Error(`a socket could not be opened: ${refusal}`);
    await delay(500);
  }
}

async function close(socket: WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return;
  socket.close();
  await once(socket, 'close');
}

/** Publishes events of all people at even intervals. Measures from there to each of their sockets. */
async function measureDelays(
  events: EventBus,
  people: readonly Person[],
  open: readonly WebSocket[],
  forSeconds: number,
) {
  const publishedAt: number[] = [];
  const milliseconds: number[] = [];
  const receive = (data: unknown): void => {
    const frame = JSON.parse(String(data)) as { readonly type: string; readonly revision: number };
    const published = frame.type === 'progress' ? publishedAt[frame.revision] : undefined;
    if (published !== undefined) milliseconds.push(performance.now() - published);
  };
  for (const socket of open) socket.on('message', receive);
  const ownLoop = monitorEventLoopDelay({ resolution: 5 });
  ownLoop.enable();
  const began = performance.now();
  const all = forSeconds * eventsPerSecond * people.length;
  for (let revision = 0; revision < all; revision += 1) {
    await delay(Math.max(0, began + (revision / eventsPerSecond / people.length) * 1000 - performance.now()));
    const owner = people[revision % people.length]?.id ?? '';
    publishedAt.push(performance.now());
    events.publish({ owner, event: { type: 'progress', id: `conversion of ${owner}`, revision, progress: 0.5 } });
  }
  const expected = all * (open.length / people.length);
  const end = performance.now() + 10_000;
  while (milliseconds.length < expected && performance.now() < end) await delay(20);
  ownLoop.disable();
  for (const socket of open) socket.off('message', receive);
  return { milliseconds, missing: expected - milliseconds.length, ownLoop: ownLoop.percentile(99) / 1e6 };
}
