import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { conversionSchema, notificationSchema } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { TestAccount } from '../tests/test-account.ts';
import { finishConversion, startTestGateway, type TestGateway } from '../tests/test-gateway.ts';

let gateway: TestGateway;
let ada: TestAccount;
let eve: TestAccount;
let admin: TestAccount;

beforeAll(async () => {
  gateway = await startTestGateway();
  ada = await gateway.account();
  eve = await gateway.account();
  admin = await gateway.account({ admin: true });
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function done(account: TestAccount, contents = 'the whole MP3', names?: { fileName: string }): Promise<string> {
  const { id } = await account.upload('video');
  await finishConversion(gateway.test, id, Buffer.from(contents), names);
  return id;
}

const pageSchema = z.object({ items: z.array(conversionSchema), next: z.string().optional() });

function post(body?: unknown): RequestInit {
  return body === undefined
    ? { method: 'POST' }
    : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

/** Every call that requires an account, as a function of a conversion's id. */
const accountCalls: readonly (readonly [string, (id: string) => string, RequestInit])[] = [
  ['upload', () => '/upload', post()],
  ['download', (id) => `/download?fid=${id}`, {}],
  ['list', () => '/api/v1/conversions', {}],
  ['clear', () => '/api/v1/conversions/clear', post()],
  ['get', (id) => `/api/v1/conversions/${id}`, {}],
  ['remove', (id) => `/api/v1/conversions/${id}`, { method: 'DELETE' }],
  ['cancel', (id) => `/api/v1/conversions/${id}/cancel`, post()],
  ['retry', (id) => `/api/v1/conversions/${id}/retry`, post()],
  ['file', (id) => `/api/v1/conversions/${id}/file`, {}],
  ['notifications', () => '/api/v1/notifications', {}],
  ['read', () => '/api/v1/notifications/read', post({ ids: [] })],
];
const callsOfOne = accountCalls.filter(([, path]) => path('ID').includes('ID'));

describe('the three calls of the original', () => {
  it('sign in, upload and download, as its scripts do', async () => {
    const credentials = { email: 'curl@example.com', password: 'curl password' };
    expect((await fetch(`${gateway.url}/api/v1/accounts`, post(credentials))).status).toBe(201);

    const login = await fetch(`${gateway.url}/login`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('curl@example.com:curl password')}` },
    });
    expect([login.status, login.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    const authorization = `Bearer ${await login.text()}`;

    const form = new FormData();
    form.set('file', new Blob(['video']), 'vid.mp4');
    const upload = await fetch(`${gateway.url}/upload`, { method: 'POST', body: form, headers: { authorization } });
    const { id } = conversionSchema.parse(await upload.json());

    await finishConversion(gateway.test, id, Buffer.from('the whole MP3'), { fileName: 'vid.mp3' });
    const download = await fetch(`${gateway.url}/download?fid=${id}`, { headers: { authorization } });
    expect(download.headers.get('content-type')).toBe('audio/mpeg');
    expect(download.headers.get('content-disposition')).toBe('attachment; filename=vid.mp3');
    expect(await download.text()).toBe('the whole MP3');
  });

  it.each(['/download', '/download?fid=', '/download?fid=a&fid=b'])('%s names no MP3: 400', async (path) => {
    const answer = await ada.fetch(path);
    expect(answer.status).toBe(400);
  });

  it('answer a download of an unfinished conversion with 409', async () => {
    const { id } = await ada.upload('video');
    const answer = await ada.fetch(`/download?fid=${id}`);
    expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'wrong_state' }]);
  });
});

describe('access', () => {
  it.each(accountCalls)('%s without a token: 401', async (_name, path, init) => {
    const answer = await fetch(`${gateway.url}${path('x')}`, init);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await answer.json()).toMatchObject({ code: 'unauthorized' });
  });

  it.each(['', 'abc', 'Bearer', 'Bearer garbage', 'Bearer eyJhbGciOiJub25lIn0.eyJ1c2VybmFtZSI6ImEifQ.'])(
    'the authorization %j: 401',
    async (authorization) => {
      const answer = await fetch(`${gateway.url}/download?fid=x`, { headers: { authorization } });
      expect(answer.status).toBe(401);
    },
  );

  it.each(callsOfOne)('%s of another user’s conversion: 404, as if it did not exist', async (_name, path, init) => {
    const id = await done(ada);
    for (const other of [eve, admin]) {
      const foreign = await other.fetch(path(id), init);
      const missing = await other.fetch(path('01890000-0000-7000-8000-000000000000'), init);
      expect(foreign.status).toBe(404);
      expect(missing.status).toBe(404);
      expect(await foreign.text()).toBe(await missing.text());
    }
    expect((await ada.fetch(`/api/v1/conversions/${id}/file`)).status).toBe(200);
    expect((await ada.fetch(`/api/v1/conversions/${id}`)).status).toBe(200);
  });

  it('never lists or clears the conversions of others', async () => {
    const id = await done(ada);
    expect(await admin.conversions()).toEqual([]);
    expect((await eve.fetch('/api/v1/conversions/clear', post())).status).toBe(204);
    expect((await ada.conversions()).map((conversion) => conversion.id)).toContain(id);
  });

  it.each(['nothing', '..%2f..%2fetc%2fpasswd', 'a%00b', '%27%20OR%201=1', 'x'.repeat(5000), '%F0%9F%98%80'])(
    'an unknown or malformed id (%s): 404, without details of the store',
    async (id) => {
      for (const path of [`/download?fid=${id}`, `/api/v1/conversions/${id}`, `/api/v1/conversions/${id}/file`]) {
        const answer = await ada.fetch(path);
        expect(answer.status).toBe(404);
        expect(await answer.json()).toMatchObject({ code: 'not_found', detail: 'There is no such conversion.' });
      }
    },
  );

  it('answers an id that cannot be decoded with 400', async () => {
    expect((await ada.fetch('/api/v1/conversions/%E0%A4%A')).status).toBe(400);
  });

  it('has no console', async () => {
    expect((await ada.fetch('/console')).status).toBe(404);
  });

  it('reports that auth is unavailable, without details', async () => {
    const away = () =>
      Promise.reject(
        new AppError('unavailable', 'Signing in is not possible right now.', {
          cause: new Error('connect ECONNREFUSED 10.0.0.7:5000'),
        }),
      );
    await using without = await startTestGateway({
      authentication: (real) => ({ ...real, signIn: away, identify: away }),
    });
    const login = { method: 'POST', headers: { authorization: `Basic ${btoa('a@b.c:password')}` } };
    for (const [path, init] of [
      ['/login', login],
      ['/api/v1/conversions', { headers: { authorization: 'Bearer x' } }],
    ] as const) {
      const answer = await fetch(`${without.url}${path}`, init);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(await answer.text()).not.toMatch(/10\.0\.0\.7|at /);
    }
  });

  it('slows down 200 wrong passwords in a row', async () => {
    const login = { method: 'POST', headers: { authorization: `Basic ${btoa('guessed@example.com:wrong password')}` } };
    const answers = [];
    for (let i = 0; i < 200; i += 1) {
      const answer = await fetch(`${gateway.url}/login`, login);
      await answer.arrayBuffer();
      answers.push(answer);
    }
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    const slowed = answers.filter(({ status }) => status === 429);
    expect(slowed).toHaveLength(190);
    expect(Number(slowed[0]?.headers.get('retry-after'))).toBeGreaterThan(20);
  });
});

describe('accounts', () => {
  it.each([
    [{ email: 'no address', password: 'long enough' }, 422, 'invalid'],
    [{ email: 'a@example.com', password: 'short' }, 422, 'invalid'],
    [{ email: 'a@example.com', password: 'long enough', admin: true }, 422, 'invalid'],
    [{}, 422, 'invalid'],
  ])('%j: %i', async (body, status, code) => {
    const answer = await fetch(`${gateway.url}/api/v1/accounts`, post(body));
    expect([answer.status, await answer.json()]).toMatchObject([status, { code }]);
  });

  it('are unique by address, ignoring case, and cannot make anyone an admin', async () => {
    const first = await fetch(
      `${gateway.url}/api/v1/accounts`,
      post({ email: 'Once@Example.com', password: 'long enough' }),
    );
    expect([first.status, await first.json()]).toEqual([
      201,
      { email: 'once@example.com', admin: false, confirmed: false, mail: true },
    ]);
    const again = await fetch(
      `${gateway.url}/api/v1/accounts`,
      post({ email: 'once@example.com', password: 'long enough' }),
    );
    expect([again.status, await again.json()]).toMatchObject([409, { code: 'taken' }]);
  });
});

describe('conversions', () => {
  it('are listed page by page, newest first, by state and by batch', async () => {
    const account = await gateway.account();
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.unshift((await account.upload('video', `${i}.mp4`)).id);
    await account.fetch(`/api/v1/conversions/${ids[1]}/cancel`, post());

    const pages: string[][] = [];
    let query = '?limit=2';
    for (;;) {
      const page = pageSchema.parse(await (await account.fetch(`/api/v1/conversions${query}`)).json());
      pages.push(page.items.map(({ id }) => id));
      if (page.next === undefined) break;
      query = `?limit=2&cursor=${encodeURIComponent(page.next)}`;
    }
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    expect((await account.conversions('?state=cancelled')).map(({ id }) => id)).toEqual([ids[1]]);
    expect(await account.conversions('?batchId=none')).toEqual([]);
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'state=lost', 'batchId='])(
    'a list by %s: 422',
    async (query) => {
      expect((await ada.fetch(`/api/v1/conversions?${query}`)).status).toBe(422);
    },
  );

  it('a list with an invalid cursor: 400', async () => {
    expect((await ada.fetch('/api/v1/conversions?cursor=made-up')).status).toBe(400);
  });

  it('have peaks when read one by one, but not in lists', async () => {
    const account = await gateway.account();
    const id = await done(account);
    const one = conversionSchema.parse(await (await account.fetch(`/api/v1/conversions/${id}`)).json());
    expect(one).toMatchObject({ state: 'done', peaks: [0, 128, 255] });
    expect((await account.conversions())[0]).not.toHaveProperty('peaks');
  });

  it('are cancelled, retried with other options, and removed', async () => {
    const { id } = await ada.upload('video');
    const at = `/api/v1/conversions/${id}`;
    expect(await (await ada.fetch(`${at}/cancel`, post())).json()).toMatchObject({ id, state: 'cancelled' });
    expect((await ada.fetch(`${at}/cancel`, post())).status).toBe(409);
    const options = { format: 'mp3', bitrateKbps: 128 };
    expect(await (await ada.fetch(`${at}/retry`, post({ options }))).json()).toMatchObject({
      state: 'queued',
      attempt: 2,
      options,
    });
    expect((await ada.fetch(`${at}/retry`, post())).status).toBe(409);
    expect((await ada.fetch(at, { method: 'DELETE' })).status).toBe(204);
    expect((await ada.fetch(at, { method: 'DELETE' })).status).toBe(404);
    expect((await ada.fetch(at)).status).toBe(404);
  });

  it.each([
    { options: { format: 'ogg' } },
    { options: { format: 'mp3', bitrateKbps: 127 } },
    { options: { format: 'mp3', bitrateKbps: 128, quality: 2 } },
    { surprise: 1 },
  ])('a retry with %j: 422', async (body) => {
    const { id } = await ada.upload('video');
    await ada.fetch(`/api/v1/conversions/${id}/cancel`, post());
    expect((await ada.fetch(`/api/v1/conversions/${id}/retry`, post(body))).status).toBe(422);
  });

  it('that have ended are cleared, with their files', async () => {
    const account = await gateway.account();
    const finished = await done(account);
    const waiting = await account.upload('video');
    expect((await account.fetch('/api/v1/conversions/clear', post())).status).toBe(204);
    expect((await account.conversions()).map(({ id }) => id)).toEqual([waiting.id]);
    expect((await account.fetch(`/download?fid=${finished}`)).status).toBe(404);
  });
});

describe('notifications', () => {
  it('are listed for their owner only, and marked as read once', async () => {
    const account = await gateway.account();
    const notification = notificationSchema.parse({
      id: 'notification-1',
      kind: 'one',
      batchId: 'batch-1',
      conversionIds: ['conversion-1'],
      counts: { done: 1, failed: 0, warned: 0 },
      seconds: 1,
      bytes: 1,
      message: 'talk.mp3 is ready.',
      createdAt: '2026-01-01T00:00:00.000Z',
    });
    await gateway.test.notifications.insert({ owner: account.id, notification, told: [] });
    const list = async (as: TestAccount, query = '') => await (await as.fetch(`/api/v1/notifications${query}`)).json();
    expect(await list(account)).toEqual({ items: [notification] });
    expect(await list(eve)).toEqual({ items: [] });

    const ids = [notification.id, 'unknown'];
    expect((await eve.fetch('/api/v1/notifications/read', post({ ids }))).status).toBe(204);
    expect(await list(account, '?unread=true')).toEqual({ items: [notification] });
    expect((await account.fetch('/api/v1/notifications/read', post({ ids }))).status).toBe(204);
    expect(await list(account, '?unread=true')).toEqual({ items: [] });
    expect(await list(account)).toMatchObject({ items: [{ readAt: expect.any(String) }] });
  });

  it.each([{}, { ids: 'x' }, { ids: [''] }, { ids: Array.from({ length: 1001 }, () => 'x') }])(
    'marking %j: 422',
    async (body) => {
      expect((await ada.fetch('/api/v1/notifications/read', post(body))).status).toBe(422);
    },
  );
});

describe('the server', () => {
  it('tells anyone its limits', async () => {
    const answer = await fetch(`${gateway.url}/api/v1/server`);
    expect(await answer.json()).toEqual({
      version: '1.2.3',
      signUp: 'open',
      mail: false,
      maxUploadBytes: 1_000_000_000,
      maxDurationSeconds: 43_200,
    });
  });

  it('reports that it is running, and whether it can reach its services', async () => {
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    await using cutOff = await startTestGateway({
      reachAll: () => Promise.reject(new AppError('unavailable', 'The store cannot be reached.')),
    });
    expect((await fetch(`${cutOff.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${cutOff.url}/readyz`)).status).toBe(503);
  });
});
