import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Conversion, conversionSchema, type Session, sessionSchema } from '../../../shared/api.ts';
import { type ApiClient, basic, conversionsPageSchema } from '../running/api-client.ts';
import { openEvents, type SocketEnd } from '../running/event-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import { type Answer, type Ask, createRetryingClient, type RetryingClient } from './retrying-client.ts';

/** Clients that keep gateways busy: they upload, list, download, sign in and listen. */
export interface GatewayLoad {
  /** The conversions whose uploads were acknowledged. */
  readonly acknowledged: readonly string[];
  /** Resolves once each client has done its work again. Throws what a client has thrown. */
  progress(): Promise<void>;
  /** Ends all clients. Throws what a client has thrown. */
  stop(): Promise<void>;
  facts(): LoadFacts;
}

export interface LoadFacts {
  readonly requests: number;
  /** Requests that were sent again. */
  readonly retries: number;
  /** Sockets that a gateway has closed. */
  readonly goodbyes: number;
}

export interface GatewayLoadParts {
  readonly gateways: readonly string[];
  readonly account: ApiClient;
  /** The path of a short one. */
  readonly video: string;
}

/** What the clients share. */
interface Shared extends GatewayLoadParts {
  readonly acknowledged: string[];
  readonly done: Map<string, Conversion>;
  readonly counts: { requests: number; goodbyes: number };
  isStopped(): boolean;
}

/** The most conversions that may be waiting, so that everything ends soon after the load. */
const mostWaiting = 2;
const pauseMilliseconds = 50;

type Work = (client: RetryingClient, shared: Shared) => Promise<void>;

const works: Readonly<Record<string, Work>> = { uploadForm, uploadInPieces, list, download, logIn };

export function startGatewayLoad(parts: GatewayLoadParts): GatewayLoad {
  const failures: unknown[] = [];
  let isStopped = false;
  const shared: Shared = {
    ...parts,
    acknowledged: [],
    done: new Map(),
    counts: { requests: 0, goodbyes: 0 },
    isStopped: () => isStopped || failures.length > 0,
  };
  const clients: RetryingClient[] = [];
  const rounds = new Map<string, number>();

  async function repeat(work: () => Promise<void>): Promise<void> {
    try {
      while (!shared.isStopped()) {
        await work();
        await delay(pauseMilliseconds);
      }
    } catch (error) {
      failures.push(error);
    }
  }
  const running = Object.entries(works).map(([name, work]) => {
    const client = createRetryingClient(parts.gateways);
    clients.push(client);
    return repeat(async () => {
      await work(client, shared);
      rounds.set(name, (rounds.get(name) ?? 0) + 1);
    });
  });
  for (const gateway of parts.gateways.keys()) {
    let turn = gateway;
    running.push(repeat(() => listen(parts.gateways[turn++ % parts.gateways.length] ?? '', shared)));
  }

  return {
    acknowledged: shared.acknowledged,
    async progress() {
      const before = new Map(rounds);
      // The round in progress may have begun long ago.
      const isAhead = (name: string): boolean => (rounds.get(name) ?? 0) > (before.get(name) ?? 0) + 1;
      const patience = { seconds: 120 };
      await waitUntil('all have gone on', () => failures.length > 0 || Object.keys(works).every(isAhead), patience);
      if (failures.length > 0) throw failures[0];
    },
    async stop() {
      isStopped = true;
      await Promise.all(running);
      for (const client of clients) client.close();
      if (failures.length > 0) throw failures[0];
    },
    facts: () => ({ ...shared.counts, retries: clients.reduce((sum, client) => sum + client.retries(), 0) }),
  };
}

/** Sends a request as the account. Throws unless it is answered with this status. */
async function ask(client: RetryingClient, { account, counts }: Shared, status: number, given: Ask): Promise<Answer> {
  const headers = { authorization: `Bearer ${account.token}`, ...given.headers };
  const answer = await client.send({ ...given, headers });
  counts.requests += 1;
  if (answer.status === status) return answer;
  throw new Error(`${given.method} ${given.path}: ${answer.status} instead of ${status}: ${answer.body.toString()}`);
}

function mayUpload({ acknowledged, done }: Shared): boolean {
  return acknowledged.length - done.size < mostWaiting;
}

async function uploadForm(client: RetryingClient, shared: Shared): Promise<void> {
  if (!mayUpload(shared)) return;
  const head = '--edge\r\nContent-Disposition: form-data; name="file"; filename="form.mp4"\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), await readFile(shared.video), Buffer.from('\r\n--edge--\r\n')]);
  const headers = { 'content-type': 'multipart/form-data; boundary=edge' };
  const answer = await ask(client, shared, 200, { method: 'POST', path: '/upload', headers, body });
  shared.acknowledged.push(conversionSchema.parse(JSON.parse(answer.body.toString())).id);
}

/** A resumable upload whose pieces go to the gateways in turn. */
async function uploadInPieces(client: RetryingClient, shared: Shared): Promise<void> {
  if (!mayUpload(shared)) return;
  const bytes = await readFile(shared.video);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const protocol = { 'tus-resumable': '1.0.0' };
  const created = await ask(client, shared, 201, {
    method: 'POST',
    path: '/api/v1/uploads',
    headers: {
      ...protocol,
      'upload-length': bytes.byteLength,
      'upload-metadata': `filename ${base64('pieces.mp4')},key ${base64(randomUUID())}`,
    },
    // Because of its key.
    repeatable: true,
  });
  const id = String(created.headers['x-conversion-id']);
  const pieceBytes = Math.ceil(bytes.byteLength / 4);
  for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
    const headers = { ...protocol, 'content-type': 'application/offset+octet-stream', 'upload-offset': offset };
    const body = bytes.subarray(offset, offset + pieceBytes);
    await ask(client, shared, 204, { method: 'PATCH', path: `/api/v1/uploads/${id}`, headers, body });
    client.turn();
  }
  shared.acknowledged.push(id);
}

/** Lists all conversions. Throws if one that was acknowledged is missing. */
async function list(client: RetryingClient, shared: Shared): Promise<void> {
  const known = [...shared.acknowledged];
  const listed = new Map<string, Conversion>();
  let cursor = '';
  do {
    const answer = await ask(client, shared, 200, { method: 'GET', path: `/api/v1/conversions?limit=100${cursor}` });
    const { items, next } = conversionsPageSchema.parse(JSON.parse(answer.body.toString()));
    for (const item of items) listed.set(item.id, item);
    cursor = next === undefined ? '' : `&cursor=${encodeURIComponent(next)}`;
  } while (cursor !== '');
  for (const id of known) {
    const conversion = listed.get(id);
    if (conversion === undefined) throw new Error(`${id} was acknowledged, and is not in the list`);
    if (conversion.state === 'done') shared.done.set(id, conversion);
  }
  client.turn();
}

async function download(client: RetryingClient, shared: Shared): Promise<void> {
  const conversion = [...shared.done.values()].at(-1);
  if (conversion === undefined) return;
  const { body } = await ask(client, shared, 200, { method: 'GET', path: `/download?fid=${conversion.id}` });
  expect(createHash('sha256').update(body).digest('hex')).toBe(conversion.result?.sha256);
}

async function logIn(client: RetryingClient, shared: Shared): Promise<void> {
  const { email, password } = shared.account;
  const authorization = basic(email, password);
  await ask(client, shared, 200, { method: 'POST', path: '/login', headers: { authorization } });
  async function sessionFrom(path: string, body: unknown): Promise<Session> {
    const headers = { 'content-type': 'application/json' };
    const given = { method: 'POST', path, headers, body: Buffer.from(JSON.stringify(body)) } as const;
    return sessionSchema.parse(JSON.parse((await ask(client, shared, 200, given)).body.toString()));
  }
  const { refreshToken } = await sessionFrom('/api/v1/sessions', { email, password });
  client.turn();
  await sessionFrom('/api/v1/sessions/refresh', { refreshToken });
}

/** Keeps a socket until the gateway closes it. */
async function listen(url: string, { account, counts, isStopped }: Shared): Promise<void> {
  const opened = await openEvents(url, { token: account.token }).catch(() => undefined);
  // The gateway cannot be reached, or its auth.
  if (opened === undefined) return;
  await using socket = opened;
  let end: SocketEnd | undefined;
  void socket.ended.then((ended) => {
    end = ended;
  });
  while (!isStopped() && end === undefined) await delay(pauseMilliseconds);
  if (end === undefined) return;
  // 1013: its auth could not be reached when the socket began.
  if (end.code !== 1001 && end.code !== 1013) throw new Error(`a socket ended with ${end.code}: ${end.reason}`);
  counts.goodbyes += 1;
}
