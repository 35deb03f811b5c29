import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { problemSchema } from '../../../shared/api.ts';
import { basic } from '../running/api-client.ts';
import { listenSomewhere } from '../running/listen-somewhere.ts';
import { type ServerProcess, startServerProcess } from '../running/server-process.ts';

let folder: string;
let auth: AsyncDisposable & { readonly port: number };
let server: ServerProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-auth-hangs-'));
  auth = await listenSomewhere(createServer((socket) => void socket.on('error', () => undefined).resume()));
  server = await startServerProcess({ dataFolder: folder, environment: { AUTH_URL: `http://127.0.0.1:${auth.port}` } });
});
afterAll(async () => {
  await server.kill();
  await auth[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const token = { authorization: 'Bearer a.b.c' };

it.each<[string, string, RequestInit]>([
  ['the check whether the server is ready', '/readyz', {}],
  ['a list', '/api/v1/conversions', { headers: token }],
  ['login', '/login', { method: 'POST', headers: { authorization: basic('someone@example.com', 'password') } }],
])('%s is answered with 503 soon, although auth takes connections and never answers', async (_what, path, init) => {
  const answer = await fetch(`${server.url}${path}`, { ...init, signal: AbortSignal.timeout(15_000) });
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
  const { code, detail } = problemSchema.parse(await answer.json());
  expect(code).toBe('unavailable');
  expect(detail).toMatch(/^[A-Z][^/:]+\.$/);
});
