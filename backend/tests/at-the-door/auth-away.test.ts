import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { problemSchema } from '../../../shared/api.ts';
import { basic } from '../running/api-client.ts';
import { type ServerProcess, startServerProcess } from '../running/server-process.ts';

let folder: string;
let server: ServerProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-auth-away-'));
  // Nothing listens on this port: the system assigns no ports below 1024.
  server = await startServerProcess({ dataFolder: folder, environment: { AUTH_URL: 'http://127.0.0.1:9' } });
});
afterAll(async () => {
  await server.kill();
  await rm(folder, { recursive: true });
});

const token = { authorization: 'Bearer a.b.c' };
const json = { 'content-type': 'application/json' };
const credentials = JSON.stringify({ email: 'someone@example.com', password: 'a long enough password' });

it.each<[string, string, RequestInit]>([
  ['login', '/login', { method: 'POST', headers: { authorization: basic('someone@example.com', 'password') } }],
  ['a new session', '/api/v1/sessions', { method: 'POST', headers: json, body: credentials }],
  ['a new account', '/api/v1/accounts', { method: 'POST', headers: json, body: credentials }],
  ['an upload', '/upload', { method: 'POST', headers: token }],
  ['a download', '/download?fid=x', { headers: token }],
  ['a list', '/api/v1/conversions', { headers: token }],
])('%s while auth is down: 503 with a time to retry, and no traceback', async (_what, path, init) => {
  const answer = await fetch(`${server.url}${path}`, init);
  const text = await answer.text();
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
  expect(problemSchema.strict().parse(JSON.parse(text)).code).toBe('unavailable');
  expect(text.length).toBeLessThan(300);
  expect(text).not.toMatch(/127\.0\.0\.1|ECONNREFUSED|axios|\.ts\b| at /i);
});

it('the server is still running and tells its limits', async () => {
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${server.url}/api/v1/server`)).status).toBe(200);
});
