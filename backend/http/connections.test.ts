import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { waitUntil } from '../tests/running/wait-until.ts';
import { type ConnectionLimits, holdConnection } from './connections.ts';
import { type RunningServer, startServer } from './server.ts';

const log = pino({ level: 'silent' });
const get = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** A head that announces a body of which nothing comes. */
const slowPost = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n';
const answered = /^HTTP\/1\.1 200 .*hello$/s;

let server: RunningServer;
const clients: Client[] = [];

interface Client {
  readonly socket: Socket;
  received(): string;
}

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await server.close();
});

const hello: RequestListener = (_request, response) => void response.end('hello');

/** Answers when the body has come. */
const patient: RequestListener = (request, response) => {
  request.on('end', () => response.end('hello')).resume();
};

async function start(app: RequestListener, connections: Partial<ConnectionLimits>): Promise<void> {
  const limits = { perClient: 100, inAll: 100, trustedProxies: [], ...connections };
  server = await startServer(app, { host: '127.0.0.1', port: 0, log, graceSeconds: 0.2, connections: limits });
}

/** A connection from an address of this computer, on which `text` is sent. */
async function open(text: string, address = '127.0.0.1'): Promise<Client> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(server.url).port), localAddress: address });
  let received = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += String(chunk);
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  const client = { socket, received: () => received };
  clients.push(client);
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve));
  return client;
}

async function openMany(count: number, text: string, address?: string): Promise<readonly Client[]> {
  const opened: Client[] = [];
  for (let i = 0; i < count; i += 1) opened.push(await open(text, address));
  return opened;
}

const isClosed = ({ socket }: Client): boolean => socket.closed;
const wasAnswered = (client: Client) => waitUntil('it is answered', async () => answered.test(client.received()));

it('a server at its limit answers a new client and closes the connection that waited the longest', async () => {
  await start(patient, { inAll: 10 });
  const slow = await openMany(10, slowPost);
  await wasAnswered(await open(get));
  await waitUntil('one is closed', async () => slow.some(isClosed));
  expect(slow.filter(isClosed)).toEqual([slow[0]]);
});

it('a client that sends nothing, half a head, half a body or reads no answer makes room for others', async () => {
  const manyPages: RequestListener = (_request, response) => void response.write('x'.repeat(50_000_000));
  for (const [app, text] of [
    [patient, ''],
    [patient, 'GET / HTTP/1.1\r\nHost: loc'],
    [patient, `${slowPost}ab`],
    [manyPages, get],
  ] as const) {
    await start((request, response) => (request.url === '/me' ? hello : app)(request, response), { perClient: 5 });
    await openMany(5, text);
    await wasAnswered(await open(get.replace('/', '/me')));
    for (const { socket } of clients.splice(0)) socket.destroy();
    await server.close();
  }
  await start(hello, {});
});

it('a request that waits for the server is not given up for a new client', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let waiting = 0;
  await start(
    (_request, response) => {
      waiting += 1;
      void released.then(() => response.end('hello'));
    },
    { perClient: 3 },
  );
  const asked = await openMany(2, get);
  await waitUntil('both are asked', async () => waiting === 2);
  const idle = await openMany(4, '');
  await waitUntil('three are closed', async () => idle.filter(isClosed).length === 3);
  release();
  for (const client of asked) await wasAnswered(client);
});

it('a connection that is held stays, and a new one is closed when all are held', async () => {
  const letGo: (() => void)[] = [];
  await start(
    (request, response) => {
      letGo.push(holdConnection(request.socket));
      response.write('held');
    },
    { perClient: 2 },
  );
  const held = await openMany(2, get);
  await waitUntil('both are held', async () => letGo.length === 2);
  const refused = await open(get);
  await waitUntil('it is closed', async () => isClosed(refused));
  expect(held.filter(isClosed)).toEqual([]);
  letGo[1]?.();
  await open(get);
  await waitUntil('the other is closed', async () => held[1] !== undefined && isClosed(held[1]));
  expect(held.map(isClosed)).toEqual([false, true]);
});

it('the limit of a client does not close the connections of another', async () => {
  await start(patient, { perClient: 5, inAll: 20 });
  const mine = await openMany(3, '');
  const flood = await openMany(30, slowPost, '127.0.0.2');
  await waitUntil('the flood is limited', async () => flood.filter((client) => !isClosed(client)).length === 5);
  expect(mine.filter(isClosed)).toEqual([]);
});

it('in all, room is made by the client with the most connections', async () => {
  await start(patient, { perClient: 8, inAll: 10 });
  const mine = await openMany(3, '');
  const flood = await openMany(7, '', '127.0.0.2');
  await openMany(3, '', '127.0.0.3');
  await waitUntil('the flood is limited', async () => flood.filter(isClosed).length === 3);
  expect(mine.filter(isClosed)).toEqual([]);
});

it('the connections of a trusted proxy are not those of one client', async () => {
  await start(patient, { perClient: 2, inAll: 10, trustedProxies: ['127.0.0.0/30', '::1'] });
  const proxy = await openMany(8, '', '127.0.0.2');
  await wasAnswered(await open(get, '127.0.0.5'));
  expect(proxy.filter(isClosed)).toEqual([]);
});
