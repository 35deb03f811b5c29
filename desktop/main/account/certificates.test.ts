import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackendsStand } from '../../../backend/tests/running/backends-stand.ts';
import { openServerStand, type ServerStand } from '../../../backend/tests/running/server-stand.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';

const run = promisify(execFile);
const running = new AsyncDisposableStack();
let folder: string;
let stand: ServerStand;
/** The requests that reached the server behind TLS. */
let asked: string[] = [];

async function openssl(...words: readonly string[]): Promise<void> {
  await run('openssl', words, { cwd: folder });
}

interface Recipe {
  readonly altName: string;
  /** A date as OpenSSL writes it. */
  readonly from?: string;
  readonly to?: string;
  readonly isSelfSigned?: boolean;
}

/** Makes a certificate, and a server with it before the real one. */
async function serveWith(name: string, recipe: Recipe): Promise<string> {
  const { altName, from = '20200101000000Z', to = '20400101000000Z', isSelfSigned = false } = recipe;
  await writeFile(join(folder, `${name}.ext`), `subjectAltName=${altName}\n`);
  const subject = ['-subj', `/O=Example/CN=${name}.example.org`];
  await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, ...subject);
  const signer = isSelfSigned
    ? ['-selfsign', '-keyfile', `${name}.key`]
    : ['-cert', 'authority.pem', '-keyfile', 'authority.key'];
  await writeFile(join(folder, `${name}.index`), '');
  await writeFile(
    join(folder, `${name}.conf`),
    [
      '[ca]\ndefault_ca=this',
      `[this]\ndatabase=${name}.index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=any`,
      '[any]\ncommonName=supplied\norganizationName=optional',
    ].join('\n'),
  );
  const times = ['-startdate', from, '-enddate', to];
  const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`];
  await openssl('ca', '-batch', '-notext', '-config', `${name}.conf`, ...signer, ...times, ...files);
  const key = await readFile(join(folder, `${name}.key`));
  const cert = await readFile(join(folder, `${name}.pem`));
  const server: Server = createServer({ key, cert }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { method, url = '/', headers } = request;
    const onward = httpRequest(`${stand.server().url}${url}`, { method, headers: { ...headers, host: 'localhost' } });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `localhost:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-certificates-'));
  running.defer(() => rm(folder, { recursive: true, force: true }));
  stand = running.use(await openServerStand());
  const authority = ['-subj', '/CN=An authority', '-days', '3650', '-keyout', 'authority.key', '-out', 'authority.pem'];
  await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...authority);
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, await readFile(join(folder, 'authority.pem'), 'utf8')]);
  running.defer(() => setDefaultCACertificates(before));
});
afterAll(() => running.disposeAsync());

const here = 'DNS:localhost';

describe('the certificate of a server', () => {
  const bad: readonly (readonly [string, Recipe, object])[] = [
    [
      'ran out',
      { altName: here, to: '20260303000000Z' },
      { reason: 'expired', endedAt: Date.parse('2026-03-03T00:00:00Z') },
    ],
    ['does not hold yet', { altName: here, from: '20390101000000Z' }, { reason: 'not_yet' }],
    ['is another server’s', { altName: 'DNS:other.example.org' }, { reason: 'other_name' }],
    ['is signed by itself', { altName: here, isSelfSigned: true }, { reason: 'unknown_issuer' }],
  ];
  it.each(bad)(
    'that %s prevents the password from being sent, and the problem says why',
    async (what, recipe, expected) => {
      const host = await serveWith(what.replaceAll(/\W/g, '-'), recipe);
      asked = [];
      await using opened = await openBackendsStand();
      const form = { address: `https://${host}`, email: stand.account.email, password: stand.account.password };
      for (const step of ['signIn', 'createAccount', 'forgotPassword'] as const) {
        expect(await opened.backends[step](form)).toEqual({
          ok: false,
          problem: { code: 'certificate', host, ...expected },
        });
      }
      expect(await opened.backends.certificate(form.address)).toMatchObject({
        subject: expect.stringContaining('.example.org'),
        validTo: Date.parse(what === 'ran out' ? '2026-03-03T00:00:00Z' : '2040-01-01T00:00:00Z'),
        fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
      });
      expect(asked).toEqual([]);
    },
  );

  it('that is valid allows signing in, and is shown on request', async () => {
    const host = await serveWith('good', { altName: here });
    await using opened = await openBackendsStand();
    const { backends } = opened;
    const form = { address: `https://${host}`, email: stand.account.email, password: stand.account.password };
    expect(await backends.signIn(form)).toEqual({ ok: true });
    // This server carries no WebSocket. Its answers to requests are enough.
    await waitUntil('it is connected', () => backends.current()?.reachable());
    expect(await backends.certificate(host.replace('localhost', 'https://localhost'))).toMatchObject({
      subject: 'good.example.org',
      issuer: 'An authority',
      validFrom: Date.parse('2020-01-01T00:00:00Z'),
    });
  });

  it('is null if the server presents none', async () => {
    await using opened = await openBackendsStand();
    for (const address of [
      '',
      'two words',
      stand.line.url,
      'https://127.0.0.1:1',
      stand.line.url.replace('p:', 'ps:'),
    ]) {
      expect(await opened.backends.certificate(address)).toBeNull();
    }
  });
});
