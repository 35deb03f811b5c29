import { expect, it } from 'vitest';
import { authenticationCalls } from '../../http/authentication-calls.ts';
import { sendRaw } from '../raw-request.ts';
import type { ClusterBackend } from './cluster-backend.ts';
import type { People } from './people.ts';
import { bearer, statusOf } from './send-call.ts';

/** Other ways to write a path, which a proxy, a router or a file system takes for the same. */
const disguises: readonly ((path: string, auth: string) => string)[] = [
  (path) => path,
  (path) => `/${path}`,
  (path) => `${path}/`,
  (path) => `/.${path}`,
  (path) => `/api/v1/..${path}`,
  (path) => `/api/v1/../..${path}`,
  (path) => `/login/..${path}`,
  (path) => `/%2e%2e${path}`,
  (path) => `/open/b/..%2f..${path.replaceAll('/', '%2f')}`,
  (path) => path.replaceAll('/', '%2F'),
  (path) => `/${path.slice(1).replaceAll('/', '\\')}`,
  (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  (path) => path.toUpperCase(),
  (path) => `${path};a=b`,
  (path) => `${path}?a=b`,
  (path) => `${path}%00`,
  (path) => `/api/v1${path}`,
  (path, auth) => `//${auth}${path}`,
  (path, auth) => `/http://${auth}${path}`,
  (path, auth) => `http://${auth}${path}`,
];

/** Nobody reaches auth through the gateway. Registers vitest's tests. */
export function describeHiddenAuth(backend: () => ClusterBackend, people: People): void {
  const paths = ['/validate', ...Object.values(authenticationCalls).map(({ path }) => path)];

  /** One that auth would answer with the owner's address. */
  async function ask(url: string, target: string, host: string): Promise<string> {
    const body = JSON.stringify({ accountId: people.owner.id });
    const lines = [
      `POST ${target} HTTP/1.1`,
      `Host: ${host}`,
      `Authorization: ${bearer(people.owner)}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'X-Forwarded-Host: 127.0.0.1',
      'Connection: close',
    ];
    return await sendRaw(url, `${lines.join('\r\n')}\r\n\r\n${body}`);
  }
  const authUrl = (): string => backend().cluster.named('auth')[0]?.url ?? '';

  it('auth listens on loopback and tells our services whose token it is and where to mail', async () => {
    const { hostname, host } = new URL(authUrl());
    expect(hostname).toBe('127.0.0.1');
    for (const path of ['/validate', authenticationCalls.mailAddress.path]) {
      expect(await ask(authUrl(), path, host)).toContain(people.owner.email);
    }
  });

  it.each(paths)('the gateway does not pass on %s, however it is written', async (path) => {
    const { url } = backend();
    const { host } = new URL(url);
    const { host: auth } = new URL(authUrl());
    const tries = disguises.map((disguise) => [disguise(path, auth), host] as const);
    const answers = await Promise.all([...tries, [path, auth] as const].map(([target, at]) => ask(url, target, at)));
    for (const [index, answer] of answers.entries()) {
      const [target = path] = tries[index] ?? [];
      expect([400, 404, 405], `${target}: ${answer}`).toContain(statusOf(answer));
      expect(answer, target).not.toContain(people.owner.email);
    }
  });

  it('the gateway is no proxy', async () => {
    const { host } = new URL(authUrl());
    const answer = await sendRaw(backend().url, `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
  });
}
