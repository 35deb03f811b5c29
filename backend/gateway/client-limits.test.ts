import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { problemSchema } from '../../shared/api.ts';
import { type OpenLimit, openLimits, smallBodyLimits } from '../client-limits.ts';
import { openRaw, type RawConnection } from '../tests/raw-request.ts';
import { type EventClient, openEvents } from '../tests/running/event-client.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import type { TestAccount } from '../tests/test-account.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../tests/test-gateway.ts';
import { filePart, formOf, postForm, uploadHead } from '../tests/upload-form.ts';

const plenty: OpenLimit = { perAccount: 100, perClient: 100, inAll: 100 };
let gateway: TestGateway;
const connections: RawConnection[] = [];
const clients: EventClient[] = [];

beforeEach(() => start({ requests: plenty }));
afterEach(async () => {
  await stop();
});

type Limits = NonNullable<TestGatewayOptions['limits']>;

async function start(limits: Limits): Promise<void> {
  gateway = await startTestGateway({ limits });
}
async function stop(): Promise<void> {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
}
async function restart(limits: Limits): Promise<void> {
  await stop();
  await start(limits);
}

async function open(head: string): Promise<RawConnection> {
  const connection = await openRaw(gateway.url);
  connections.push(connection);
  await connection.send(head);
  return connection;
}

async function expectTooMany(answer: Response): Promise<void> {
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(problemSchema.parse(await answer.json())).toMatchObject({ code: 'too_many' });
}

const unfinished = async (account: TestAccount): Promise<number> =>
  (await account.conversions('?state=uploading')).length;

describe('uploads', () => {
  /** A form of which only the beginning was sent. */
  async function beginForm(account: TestAccount): Promise<RawConnection> {
    const before = await unfinished(account);
    const form = formOf([filePart()], '');
    const connection = await open(`${uploadHead(account.token, 'Content-Length: 100000\r\n')}${form.toString()}`);
    await waitUntil('the upload has begun', async () => (await unfinished(account)) > before);
    return connection;
  }

  async function createUpload(account: TestAccount): Promise<Response> {
    return await account.fetch('/api/v1/uploads', {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '5' },
    });
  }
  async function append(account: TestAccount, id: string): Promise<Response> {
    return await account.fetch(`/api/v1/uploads/${id}`, {
      method: 'PATCH',
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Offset': '0',
        'Content-Type': 'application/offset+octet-stream',
      },
      body: 'video',
    });
  }

  it('of one account are limited, forms and resumable ones together, and another account still uploads', async () => {
    await restart({ transfers: { ...plenty, perAccount: 2 } });
    const [greedy, other] = [await gateway.account(), await gateway.account()];
    const waiting = (await createUpload(greedy)).headers.get('x-conversion-id') ?? '';
    const forms = [await beginForm(greedy), await beginForm(greedy)];

    await expectTooMany(await postForm(greedy, formOf([filePart()])));
    await expectTooMany(await append(greedy, waiting));
    expect((await postForm(other, formOf([filePart()]))).status).toBe(200);

    // One that breaks off makes room again.
    forms[0]?.destroy();
    await waitUntil('there is room', async () => (await append(greedy, waiting)).status === 204);
  });

  it('of one client are limited, whatever its accounts, and in all', async () => {
    for (const limit of [{ perClient: 2 }, { inAll: 2 }]) {
      await restart({ transfers: { ...plenty, ...limit } });
      for (let i = 0; i < 2; i += 1) await beginForm(await gateway.account());
      await expectTooMany(await postForm(await gateway.account(), formOf([filePart()])));
    }
  });
});

describe('requests of one account', () => {
  it('are limited, and what needs no account is still answered', async () => {
    await restart({ requests: { ...plenty, perAccount: 2 } });
    const [greedy, other] = [await gateway.account(), await gateway.account()];
    const head = `PATCH /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${greedy.token}\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n`;
    for (let i = 0; i < 2; i += 1) await open(head);
    await waitUntil('both are there', async () => (await greedy.fetch('/api/v1/me')).status === 429);
    await expectTooMany(await greedy.fetch('/api/v1/me'));
    expect((await other.fetch('/api/v1/me')).status).toBe(200);
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);

    await connections[0]?.send('{"mail": true}');
    await connections[0]?.until(/^HTTP\/1\.1 200 /);
    expect((await greedy.fetch('/api/v1/me')).status).toBe(200);
  });

  it('do not count any more when their clients are gone', async () => {
    await restart({ requests: { ...plenty, perAccount: 1 } });
    const account = await gateway.account();
    for (let i = 0; i < 20; i += 1) {
      const { token } = account;
      const connection = await open(
        `GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      );
      connection.destroy();
    }
    await waitUntil('there is room', async () => (await account.fetch('/api/v1/me')).status === 200);
  });
});

describe('sockets', () => {
  const openSocket = async (account: TestAccount, inMessage = false): Promise<EventClient> => {
    const client = await openEvents(gateway.url, { token: account.token, inMessage });
    clients.push(client);
    return client;
  };

  it('of one account are limited, however it signs in, until one closes', async () => {
    await restart({ sockets: { ...plenty, perAccount: 2 } });
    const [greedy, other] = [await gateway.account(), await gateway.account()];
    const first = await openSocket(greedy);
    await (await openSocket(greedy, true)).hello;

    await expect(openSocket(greedy)).rejects.toThrow('429');
    expect(await (await openSocket(greedy, true)).ended).toMatchObject({ code: 1013 });
    await (await openSocket(other)).hello;

    await first[Symbol.asyncDispose]();
    await waitUntil('there is room', async () =>
      openSocket(greedy).then(
        () => true,
        () => false,
      ),
    );
  });

  it('count among the requests of their account', async () => {
    await restart({ requests: { ...plenty, perAccount: 1 } });
    const account = await gateway.account();
    await openSocket(account);
    await expectTooMany(await account.fetch('/api/v1/me'));
  });
});

describe('small bodies', () => {
  it('beyond the limit, the one that began first is given up, and a quick one is answered', async () => {
    const head =
      'POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{';
    for (let i = 0; i < smallBodyLimits.perClient; i += 1) await open(head);
    const quick = async (): Promise<number> => {
      const answer = await fetch(`${gateway.url}/api/v1/sessions`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email: 'nobody@example.com', password: 'a long password' }),
      });
      await answer.body?.cancel();
      return answer.status;
    };
    const [first] = connections;
    while (first?.received() === '') expect(await quick()).toBe(401);
    expect(first?.received()).toMatch(/^HTTP\/1\.1 429 [\s\S]*Retry-After: \d/);
  });
});

describe('the limits', () => {
  // Each: a socket, four uploads, two other connections.
  it('let 40 pupils and a household behind one address in, with 1024 descriptors', () => {
    const { connections: most, requests, transfers, sockets } = openLimits(1024, 2);
    const people = 44;
    expect(most.perClient).toBeGreaterThan(people * 7);
    expect(requests.perClient).toBeGreaterThan(people * 5);
    expect(transfers.perClient).toBeGreaterThan(people * 4);
    expect(sockets.perClient).toBeGreaterThan(people * 2);
  });

  it('never need more descriptors than there are', () => {
    for (const descriptors of [512, 1024, 4096, 1_000_000]) {
      const { connections: most, transfers } = openLimits(descriptors, 4);
      expect(most.inAll + transfers.inAll).toBeLessThan(descriptors - 100);
    }
  });
});
