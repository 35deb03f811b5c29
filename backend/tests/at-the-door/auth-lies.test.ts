import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { problemSchema } from '../../../shared/api.ts';
import { createRemoteAuthentication } from '../../http/remote-authentication.ts';
import { basic } from '../running/api-client.ts';
import { listenSomewhere } from '../running/listen-somewhere.ts';
import { startTestGateway, type TestGateway } from '../test-gateway.ts';

let lie: RequestListener;
let auth: Awaited<ReturnType<typeof listenSomewhere>>;
let gateway: TestGateway;

beforeAll(async () => {
  auth = await listenSomewhere(createServer((request, response) => lie(request, response)));
  const remote = createRemoteAuthentication({ url: `http://127.0.0.1:${auth.port}`, timeoutSeconds: 0.5 });
  gateway = await startTestGateway({ authentication: () => remote });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await auth[Symbol.asyncDispose]();
});

const password = 'a long enough password';
const email = 'someone@example.com';
function json(body: unknown, init: RequestInit = { method: 'POST' }): RequestInit {
  const headers = new Headers(init.headers);
  headers.set('content-type', 'application/json');
  return { ...init, headers, body: JSON.stringify(body) };
}

const calls: readonly (readonly [path: string, init: RequestInit])[] = [
  ['/login', { method: 'POST', headers: { authorization: basic(email, password) } }],
  ['/api/v1/sessions', json({ email, password })],
  ['/api/v1/sessions/refresh', json({ refreshToken: 'x' })],
  ['/api/v1/accounts', json({ email, password })],
  ['/api/v1/accounts/reset', json({ email })],
  ['/api/v1/accounts/reset/confirm', json({ email, password, code: '12345678' })],
  ['/api/v1/conversions', { headers: { authorization: 'Bearer a.b.c' } }],
  ['/upload', { method: 'POST', headers: { authorization: 'Bearer a.b.c' } }],
  ['/download?fid=x', { headers: { authorization: 'Bearer a.b.c' } }],
];

const answer =
  (body: string | Buffer, status = 200, headers: Readonly<Record<string, string>> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(' '), 50);
  response.on('close', () => clearInterval(timer));
}

const megabytes = 64;

it.each<[string, RequestListener]>([
  ['with a page', answer('<html>Sign in to the network</html>', 200, { 'content-type': 'text/html' })],
  ['with nothing', answer('')],
  ['with an empty object', answer('{}')],
  ['with null', answer('null')],
  ['with a list', answer('[]')],
  [
    'with other types',
    answer('{"sub":["a"],"username":{"$gt":""},"admin":"yes","iat":"1","exp":null,"jti":1,"sid":true}'),
  ],
  ['with a part of the fields', answer('{"sub":"a","username":"b","admin":true}')],
  ['with half of an object', answer('{"sub":"a","user')],
  [
    'with 204 or 200, whichever is wrong',
    (request, response) => {
      const isTold = request.url === '/internal/resets/request';
      response.writeHead(isTold ? 200 : 204).end();
    },
  ],
  ['with 201', answer('a.b.c', 201)],
  ['with an error of a proxy', answer('<html>Bad gateway</html>', 502)],
  [
    'with an error of its own',
    answer('{"code":"internal","detail":"at /srv/auth.ts:1","title":"x","status":500}', 500),
  ],
  ['with 401 and a page', answer('<html>', 401)],
  [
    'with a refusal that is none',
    answer('{"code":"disk_full","detail":"at /srv/auth.ts","title":"x","status":507}', 507),
  ],
  ['with another place to ask', answer('', 302, { location: 'http://127.0.0.1:9/' })],
  ['with more than it has to say', answer('x'.repeat(1024 * 1024))],
  [
    'with a small body that becomes a large one',
    answer(gzipSync(Buffer.alloc(megabytes * 1024 * 1024)), 200, { 'content-encoding': 'gzip' }),
  ],
  ['without an end', (_request, response) => drip(response)],
  ['with what is no HTTP', (request) => void request.socket.end('220 mail.example.org ESMTP\r\n')],
  [
    'with two lengths',
    (request) => void request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'),
  ],
])('when auth answers %s, everything that needs it is answered with 503', async (_what, listener) => {
  lie = listener;
  const before = process.memoryUsage.rss();
  const answers = await Promise.all(calls.map(([path, init]) => fetch(`${gateway.url}${path}`, init)));
  for (const [index, each] of answers.entries()) {
    const text = await each.text();
    const [path] = calls[index] ?? [];
    expect([each.status, path, text]).toEqual([503, path, text]);
    expect(each.headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
    expect(problemSchema.strict().parse(JSON.parse(text)).code).toBe('unavailable');
    expect(text).not.toMatch(/127\.0\.0\.1|axios|zod|srv|\.ts\b|html/i);
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(megabytes * 1024 * 1024 * 2);
});
