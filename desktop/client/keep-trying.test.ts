import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { AppError } from '../../shared/errors.ts';
import { openEventStream } from './event-stream.ts';
import { keepTrying, pauseAfter } from './keep-trying.ts';
import { createServerHttp } from './server-http.ts';
import { keepInMemory, openServerSession, type ServerSession } from './server-session.ts';

const tooMany = (retryAfterSeconds?: number): AppError =>
  new AppError('too_many', 'Wait.', retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } });

describe('the pause before a retry', () => {
  it('is as long as the server asks for, at most five minutes, and never shorter than usual', () => {
    expect(pauseAfter(tooMany(), 0)).toBe(0.5);
    expect(pauseAfter(tooMany(7), 0)).toBe(7);
    expect(pauseAfter(tooMany(7), 5)).toBe(20);
    expect(pauseAfter(tooMany(100_000), 0)).toBe(300);
    expect(pauseAfter(new Error('cut off'), 1)).toBe(1);
    expect(pauseAfter(tooMany(7), 12)).toBeUndefined();
  });
});

describe('a server that allows no more for now', () => {
  let server: Server | undefined;
  /** When it was asked, by `performance.now()`. */
  const asked: number[] = [];
  afterEach(async () => {
    asked.length = 0;
    server?.closeAllConnections();
    server?.close();
    if (server?.listening) await once(server, 'close');
  });

  async function refuse(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ServerSession> {
    server = createServer((request, response) => {
      asked.push(performance.now());
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const session = { accessToken: 'a', refreshToken: 'r', expiresAt: '2999-01-01T00:00:00Z' };
    const kept = { ...session, email: 'ada@example.com', signedInAt: '2026-01-01T00:00:00Z' };
    return openServerSession(createServerHttp(`http://127.0.0.1:${port}`), keepInMemory(kept));
  }

  const problem = JSON.stringify({
    type: 'about:blank',
    title: 'Too many requests',
    status: 429,
    code: 'too_many',
    detail: 'Too much is going on at once.',
    details: { retryAfterSeconds: 3 },
  });
  const head = { 'Content-Type': 'application/problem+json', 'Retry-After': '3' };

  it('is asked again when it said so', async () => {
    const session = await refuse((_request, response) => {
      if (asked.length === 1) response.writeHead(429, head).end(problem);
      else response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
    await keepTrying(
      async () => await session.ask({ method: 'GET', path: '/api/v1/me' }),
      new AbortController().signal,
    );
    const [first = 0, second = 0] = asked;
    expect(second - first).toBeGreaterThan(2900);
  });

  it('is asked for a socket again when it said so', async () => {
    const session = await refuse((_request, response) => void response.writeHead(429, head).end(problem));
    const stream = openEventStream(session, () => undefined);
    await waitUntil('it is asked again', () => asked.length === 2);
    stream.close();
    const [first = 0, second = 0] = asked;
    expect(second - first).toBeGreaterThan(2900);
  });
});
