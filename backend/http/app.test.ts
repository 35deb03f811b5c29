import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { problemSchema } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import { openRaw, sendRaw } from '../tests/raw-request.ts';
import { createApp } from './app.ts';
import type { Authentication } from './authentication.ts';
import { readJson, readQuery } from './read-request.ts';
import type { HostPolicy } from './request-checks.ts';
import { clientOf, type Route } from './routes.ts';
import { type RunningServer, startServer } from './server.ts';

const token = 'good-token.of-somebody';
const authentication: Pick<Authentication, 'identify'> = {
  identify: async (given) => {
    if (given !== token) throw new AppError('unauthorized', 'The token is not valid.');
    return { accountId: 'account-1', email: 'ada@example.com', admin: false, sessionId: 'session-1', secondsLeft: 0 };
  },
};

const operation = { summary: 'Be tested', answers: {} };

const routes: readonly Route[] = [
  {
    method: 'get',
    path: '/open',
    access: 'anyone',
    operation,
    handle: async ({ response }) => void response.json({ open: true }),
  },
  {
    method: 'get',
    path: '/mine',
    access: 'account',
    operation,
    handle: async ({ response, identity }) => void response.json(identity),
  },
  {
    method: 'post',
    path: '/mine',
    access: 'account',
    operation,
    async handle({ request, response }) {
      reading = request;
      response.json(await readJson(request, response, bodySchema));
    },
  },
  {
    method: 'post',
    path: '/login',
    access: 'password',
    operation,
    handle: async ({ response, credentials }) => void response.json(credentials),
  },
  {
    method: 'get',
    path: '/query',
    access: 'anyone',
    operation,
    handle: async ({ request, response }) =>
      void response.json(readQuery(request, z.object({ n: z.coerce.number().int() }))),
  },
  {
    method: 'get',
    path: '/client',
    access: 'anyone',
    operation,
    handle: async ({ request, response }) => void response.json(clientOf(request)),
  },
  {
    method: 'get',
    path: '/broken',
    access: 'anyone',
    operation,
    handle: () => Promise.reject(new Error('ENOENT: no such file, open /var/secret/place')),
  },
  {
    method: 'get',
    path: '/away',
    access: 'anyone',
    operation,
    handle: () => {
      const cause = new Error('connect ECONNREFUSED 10.1.2.3:27017');
      return Promise.reject(new AppError('unavailable', 'The store cannot be reached.', { cause }));
    },
  },
];
const bodySchema = z.strictObject({ word: z.string().max(200_000).optional() });

let server: RunningServer;
/** The latest request whose body is read. */
let reading: IncomingMessage | undefined;
let logged: string[];

async function start(hosts: HostPolicy = { loopback: true }, trustedProxies: readonly string[] = []): Promise<void> {
  logged = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  const app = createApp({ routes, authentication, hosts, trustedProxies, log });
  server = await startServer(app, { host: '127.0.0.1', port: 0, log });
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(`${server.url}${path}`, init);
}

/** The status in the first line of a raw answer. */
function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}

beforeEach(() => start());
afterEach(async () => {
  reading = undefined;
  vi.useRealTimers();
  await server.close();
});

describe('the table of routes', () => {
  it('answers HEAD like GET, without a body', async () => {
    const answer = await ask('/open', { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(answer.headers.get('content-length')).toBe('13');
  });

  it('answers 404 to unknown paths', async () => {
    const answer = await ask('/console');
    expect(answer.status).toBe(404);
    expect(problemSchema.parse(await answer.json())).toMatchObject({ code: 'not_found', status: 404 });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it.each([
    ['DELETE', '/mine', 'GET, HEAD, POST'],
    ['OPTIONS', '/mine', 'GET, HEAD, POST'],
    ['GET', '/login', 'POST'],
    ['PUT', '/open', 'GET, HEAD'],
  ])('answers %s %s with 405 and the allowed methods', async (method, path, allowed) => {
    const answer = await ask(path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allowed);
    expect(await answer.json()).toMatchObject({ code: 'method_not_allowed' });
  });

  it.each(['/OPEN', '/open/', '//open', '/open/..;/x'])('matches paths exactly, not %s', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it('survives a path and a query that cannot be decoded', async () => {
    expect((await ask('/%E0%A4%A')).status).toBe(404);
    const answer = await ask('/query?n=%E0%A4%A');
    expect(answer.status).toBe(422);
  });

  it('sets headers that keep browsers from running or caching an answer', async () => {
    for (const path of ['/open', '/nothing']) {
      const { headers } = await ask(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

describe('who may call', () => {
  it('accepts a token however the scheme is written', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const answer = await ask('/mine', { headers: { authorization: `${scheme} ${token}` } });
      expect(await answer.json()).toMatchObject({ accountId: 'account-1' });
    }
  });

  it.each([
    undefined,
    '',
    'abc',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    `Bearer ${token}x`,
    `Basic ${token}`,
    token,
    'Bearer \u00e9',
  ])('answers 401 to the authorization %j, and says how to sign in', async (authorization) => {
    const answer = await ask('/mine', authorization === undefined ? {} : { headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="Soundlift"/);
    expect(await answer.json()).toMatchObject({ code: 'unauthorized' });
  });

  it('says that a token is invalid only if there was one', async () => {
    const { headers: without } = await ask('/mine');
    expect(without.get('www-authenticate')).not.toContain('invalid_token');
    const { headers: wrong } = await ask('/mine', { headers: { authorization: 'Bearer wrong' } });
    expect(wrong.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('accepts any letters in a password, colons too', async () => {
    const encoded = Buffer.from('ada@example.com:pa:ss wörd€').toString('base64');
    const answer = await ask('/login', { method: 'POST', headers: { authorization: `Basic ${encoded}` } });
    expect(await answer.json()).toEqual({ email: 'ada@example.com', password: 'pa:ss wörd€' });
  });

  it.each([
    undefined,
    '',
    'abc',
    'Basic',
    'Basic !!!',
    `Basic ${btoa('nocolon')}`,
    `Basic ${btoa(':password')}`,
    `Bearer ${token}`,
  ])('answers 401 to the login %j, and says how', async (authorization) => {
    const answer = await ask('/login', {
      method: 'POST',
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="Soundlift", charset="UTF-8"');
  });

  it('ignores X-Forwarded-For from clients', async () => {
    const answer = await ask('/client', { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(await answer.json()).toBe('127.0.0.1');
  });

  it('believes a trusted proxy', async () => {
    await server.close();
    await start({ loopback: true }, ['127.0.0.0/8']);
    const answer = await ask('/client', { headers: { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' } });
    expect(await answer.json()).toBe('203.0.113.9');
  });
});

describe('errors', () => {
  it('are logged whole, and their answer says nothing of the inside', async () => {
    const answer = await ask('/broken');
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({
      type: 'about:blank',
      title: 'Internal error',
      status: 500,
      code: 'internal',
      detail: 'Soundlift hit a problem of its own.',
    });
    expect(logged.join('')).toContain('/var/secret/place');
  });

  it('say when to come back if a service is away, and leave its address to the log', async () => {
    const answer = await ask('/away');
    const text = await answer.text();
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(text).toContain('The store cannot be reached.');
    expect(text).not.toContain('27017');
    expect(logged.join('')).toContain('27017');
  });

  it('name the field that does not fit', async () => {
    const answer = await ask('/query?n=x');
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: 'invalid', detail: expect.stringMatching(/^n: /) });
  });
});

describe('a JSON body', () => {
  const authorization = `Bearer ${token}`;

  async function post(body: string | undefined, headers: Record<string, string> = {}): Promise<Response> {
    const type = { 'content-type': 'application/json' };
    return await ask('/mine', {
      method: 'POST',
      headers: { authorization, ...type, ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  it.each([
    ['{"word":"a"}', {}, 200, { word: 'a' }],
    ['{"word":"a"}', { 'content-type': 'Application/JSON; charset=utf-8' }, 200, { word: 'a' }],
    [undefined, {}, 200, {}],
    ['{"word":', {}, 400, { code: 'bad_request' }],
    ['', { 'content-type': 'text/plain' }, 200, {}],
    ['{"word":"a"}', { 'content-type': 'text/plain' }, 415, { code: 'unsupported' }],
    ['{"word":"a"}', { 'content-encoding': 'gzip' }, 415, { code: 'unsupported' }],
    ['{"word":1}', {}, 422, { code: 'invalid' }],
    ['{"other":1}', {}, 422, { code: 'invalid' }],
    ['[]', {}, 422, { code: 'invalid' }],
    [JSON.stringify({ word: 'x'.repeat(150_000) }), {}, 413, { code: 'too_large' }],
  ])('%j with %j is answered %i', async (body, headers, status, expected) => {
    const answer = await post(body, headers);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject(expected);
  });

  it('is not read if there is no token', async () => {
    const answer = await ask('/mine', { method: 'POST', body: 'x'.repeat(5_000_000) });
    expect(answer.status).toBe(401);
  });

  it('is given up if it keeps coming, but too slowly', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const connection = await openRaw(server.url);
    await connection.send(
      `POST /mine HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n`,
    );
    while (reading === undefined) await nextTurn();
    let bytes = 0;
    reading.on('data', (chunk: Uint8Array) => (bytes += chunk.byteLength));
    for (const sent of [1, 2]) {
      vi.advanceTimersByTime(12_000);
      await connection.send(' ');
      while (bytes < sent) await nextTurn();
    }
    vi.advanceTimersByTime(20_000);
    vi.useRealTimers();
    expect(await connection.until(/arrive|given up/)).toMatch(/^HTTP\/1\.1 408 [^]*took too long to arrive/);
    connection.destroy();
  });
});

describe('hosts and origins', () => {
  async function statusFor(headers: Record<string, string>): Promise<number> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return statusOf(await sendRaw(server.url, `GET /open HTTP/1.1\r\nConnection: close\r\n${lines.join('')}\r\n`));
  }

  it.each(['localhost', 'localhost:8080', 'LOCALHOST', '127.0.0.1:1', '[::1]', '[::1]:9000'])(
    'accepts the host %s on this computer',
    async (host) => {
      expect(await statusFor({ host })).toBe(200);
    },
  );

  it.each(['evil.example', 'evil.example:8080', '127.0.0.1.evil.example', '192.168.1.2', 'localhost.', '0.0.0.0'])(
    'refuses the rebound host %s on this computer',
    async (host) => {
      expect(await statusFor({ host })).toBe(403);
    },
  );

  it.each(['', 'a b', 'localhost:x', 'localhost/x', 'user@localhost', '127.0.0.1, evil.example'])(
    'refuses %j, which is not a host',
    async (host) => {
      expect(await statusFor({ host })).toBe(400);
    },
  );

  it('accepts the host of PUBLIC_URL too', async () => {
    await server.close();
    await start({ loopback: true, publicUrl: 'https://sound.example' });
    expect(await statusFor({ host: 'sound.example' })).toBe(200);
    expect(await statusFor({ host: 'Sound.Example:443' })).toBe(200);
    expect(await statusFor({ host: 'other.example' })).toBe(403);
    expect(await statusFor({ host: '127.0.0.1', origin: 'https://sound.example' })).toBe(200);
    expect(await statusFor({ host: 'sound.example', origin: 'https://other.example' })).toBe(403);
  });

  it('accepts any host if others can reach the server, but no page of another origin', async () => {
    await server.close();
    await start({ loopback: false });
    expect(await statusFor({ host: '192.168.1.2:8080' })).toBe(200);
    expect(await statusFor({ host: '192.168.1.2:8080', origin: 'http://192.168.1.2:8080' })).toBe(200);
    expect(await statusFor({ host: 'sound.lan', origin: 'https://sound.lan' })).toBe(200);
    expect(await statusFor({ host: '192.168.1.2:8080', origin: 'http://evil.example' })).toBe(403);
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost:8080'])(
    'accepts a page of its own origin, %s',
    async (origin) => {
      expect(await statusFor({ host: '127.0.0.1:8080', origin })).toBe(200);
    },
  );

  it.each([
    'http://evil.example',
    'null',
    'http://localhost:3000',
    'http://127.0.0.1',
    'file://',
    'http://localhost:8080.evil.example',
    '',
  ])('refuses a page of another origin, %j', async (origin) => {
    expect(await statusFor({ host: '127.0.0.1:8080', origin })).toBe(403);
  });
});

describe('ambiguous requests', () => {
  it.each([
    ['two hosts', 'GET /open HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n'],
    ['no host', 'GET /open HTTP/1.1\r\n\r\n'],
    ['no host, as HTTP/1.0 may', 'GET /open HTTP/1.0\r\n\r\n'],
    [
      'a transfer encoding nobody knows',
      'POST /mine HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'a stack of transfer encodings',
      'POST /mine HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'chunks and a length',
      'POST /mine HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'POST /mine HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    ['a whole URL', 'GET http://evil.example/open HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a space before the colon', 'GET /open HTTP/1.1\r\nHost: localhost\r\nContent-Length : 0\r\n\r\n'],
    ['no HTTP at all', 'HELLO\r\n\r\n'],
  ])('with %s are refused, and the connection ends', async (_name, request) => {
    const answer = await sendRaw(server.url, request);
    expect(statusOf(answer)).toBe(400);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

describe('the log', () => {
  it('has one line for each request, without tokens, passwords, queries and bodies', async () => {
    await ask('/mine?token=query-secret', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', cookie: 'cookie-secret' },
      body: '{"word":"body-secret"}',
    });
    await ask('/login', { method: 'POST', headers: { authorization: `Basic ${btoa('a@b.c:pass-secret')}` } });
    await expect.poll(() => logged.filter((line) => line.includes('"request"'))).toHaveLength(2);
    const [first = ''] = logged.filter((line) => line.includes('"request"'));
    expect(JSON.parse(first)).toMatchObject({ method: 'POST', path: '/mine', status: 200, account: 'account-1' });
    for (const secret of [token, 'secret', btoa('a@b.c:pass-secret')]) expect(logged.join('')).not.toContain(secret);
  });
});

describe('a client that waits for 100 Continue', () => {
  const head =
    'POST /mine HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\n';

  it('is refused without a 100 Continue', async () => {
    const answer = await sendRaw(server.url, `${head}\r\n`);
    expect(statusOf(answer)).toBe(401);
    expect(answer).toMatch(/connection: close/i);
  });

  it('is refused for the declared length alone', async () => {
    const long = head.replace('Content-Length: 12', 'Content-Length: 5000000');
    const answer = await sendRaw(server.url, `${long}Authorization: Bearer ${token}\r\n\r\n`);
    expect(statusOf(answer)).toBe(413);
    expect(answer).not.toContain('100 Continue');
  });

  it('gets it if its request is accepted', async () => {
    const connection = await openRaw(server.url);
    await connection.send(`${head}Authorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
    await connection.until(/^HTTP\/1\.1 100 Continue/);
    await connection.send('{"word":"a"}');
    expect(await connection.closed).toMatch(/HTTP\/1\.1 200 OK/);
  });
});

describe('a client that is refused while it still sends', () => {
  it('still gets the answer', async () => {
    const connection = await openRaw(server.url);
    await connection.send('POST /mine HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n');
    for (let sent = 0; sent < 50_000_000; sent += 1_000_000) await connection.send(Buffer.alloc(1_000_000));
    const answer = await connection.closed;
    expect(statusOf(answer)).toBe(401);
    expect(answer).toMatch(/connection: close/i);
  });
});
