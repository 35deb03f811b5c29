import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../shared/errors.ts';
import { createAuthApp } from '../auth/auth-app.ts';
import { sendRaw } from '../tests/raw-request.ts';
import { makeTestAuth, type TestAuth } from '../tests/test-auth.ts';
import { describeAuthentication } from './authentication.contract.ts';
import { createRemoteAuthentication } from './remote-authentication.ts';
import { type RunningServer, startServer } from './server.ts';

const log = pino({ level: 'silent' });
const ada = { email: 'ada@example.com', password: 'correct horse battery' };

describeAuthentication('auth in this process', async (authentication) => ({
  authentication,
  dispose: async () => undefined,
}));

describeAuthentication('auth over HTTP', async (authentication) => {
  const server = await startServer(createAuthApp({ authentication, loopback: true, log }), {
    host: '127.0.0.1',
    port: 0,
    log,
  });
  return { authentication: createRemoteAuthentication({ url: server.url }), dispose: () => server.close() };
});

describe('the auth service over HTTP', () => {
  let test: TestAuth;
  let server: RunningServer;
  beforeEach(async () => {
    test = await makeTestAuth();
    server = await startServer(createAuthApp({ authentication: test.auth, loopback: true, log }), {
      host: '127.0.0.1',
      port: 0,
      log,
    });
    await test.auth.createAccount(ada, '127.0.0.1');
  });
  afterEach(async () => {
    await server.close();
    await test[Symbol.asyncDispose]();
  });

  async function call(path: string, authorization?: string): Promise<Response> {
    const headers = new Headers(authorization === undefined ? {} : { authorization });
    return await fetch(`${server.url}${path}`, { method: 'POST', headers });
  }

  it('logs in and validates, as in the original', async () => {
    const login = await call('/login', `Basic ${btoa(`${ada.email}:${ada.password}`)}`);
    expect([login.status, login.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    const answer = await call('/validate', `Bearer ${await login.text()}`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        username: ada.email,
        admin: false,
        iat: test.clock.now().getTime() / 1000,
        exp: test.clock.now().getTime() / 1000 + 86_400,
        sub: (await test.users.findByEmail(ada.email))?.id,
        jti: expect.any(String),
        sid: expect.any(String),
        expires_in: 86_400,
      },
    ]);
  });

  it.each([undefined, '', 'abc', 'Bearer', 'Bearer garbage'])('answers 401 to /validate with %j', async (header) => {
    const answer = await call('/validate', header);
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'unauthorized' }]);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it.each([undefined, 'abc', 'Basic !!!', `Basic ${btoa('ada@example.com:wrong')}`])(
    'answers 401 to /login with %j',
    async (header) => {
      const answer = await call('/login', header);
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Basic/)]);
    },
  );

  it('refuses the host name of a web page that points here, and its origin', async () => {
    for (const header of ['Host: evil.example', `Host: ${new URL(server.url).host}\r\nOrigin: https://evil.example`]) {
      const answer = await sendRaw(server.url, `POST /validate HTTP/1.1\r\n${header}\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    }
  });

  it('answers 422 to a body that does not fit the call', async () => {
    for (const body of ['{}', '{"identity":{}}', '{"identity":null,"more":1}']) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${server.url}/internal/accounts/remove`, { method: 'POST', body, headers });
      expect(answer.status).toBe(422);
    }
  });
});

describe('a gateway that cannot reach auth', () => {
  function drip(response: ServerResponse): void {
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  }

  async function ask(listener: RequestListener): Promise<unknown> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const remote = createRemoteAuthentication({ url: `http://127.0.0.1:${port}`, timeoutSeconds: 0.3 });
    try {
      return await remote.identify('some.token').catch((error: unknown) => error);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it.each<[string, RequestListener]>([
    ['hangs up', (request) => request.destroy()],
    ['never answers', () => undefined],
    ['never ends its answer', (_request, response) => void response.write('{')],
    ['sends a byte now and then', (_request, response) => drip(response)],
    ['answers no JSON', (_request, response) => response.end('<html>')],
    ['answers something else', (_request, response) => response.end('{"sub":1}')],
    ['fails', (_request, response) => response.writeHead(500).end('{"code":"unauthorized"}')],
    ['is not there', (_request, response) => response.writeHead(404).end('{}')],
    ['redirects', (_request, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()],
    ['answers with too much', (_request, response) => void response.end('x'.repeat(1_000_000))],
  ])('says that nobody can sign in when auth %s', async (_what, listener) => {
    const error = await ask(listener);
    expect(isAppError(error, 'unavailable') && !/127\.0\.0\.1|some\.token/.test(error.message)).toBe(true);
  });

  it('asks once more whose token it is when auth hangs up, as it may on idle connections', async () => {
    let asked = 0;
    const claims = { sub: 'a', username: 'b', admin: false, iat: 1, exp: 2, jti: 'c', sid: 'd', expires_in: 3 };
    const answer = await ask((request, response) => {
      asked += 1;
      if (asked === 1) request.destroy();
      else response.end(JSON.stringify(claims));
    });
    expect(answer).toEqual({ accountId: 'a', email: 'b', admin: false, sessionId: 'd', secondsLeft: 3 });
  });

  it('says so when nothing listens there, and logs neither password nor token', async () => {
    const remote = createRemoteAuthentication({ url: 'http://127.0.0.1:1', timeoutSeconds: 1 });
    const error: unknown = await remote.signIn(ada, 'here').catch((thrown: unknown) => thrown);
    if (!isAppError(error, 'unavailable')) throw error;
    const lines: string[] = [];
    pino({}, { write: (line: string) => void lines.push(line) }).error({ err: error });
    expect(lines.join('')).toContain('ECONNREFUSED');
    expect(lines.join('')).not.toMatch(/correct horse|Basic|Y29ycmVjd/);
  });
});
