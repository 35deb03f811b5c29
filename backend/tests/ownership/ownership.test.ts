import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { notificationSchema } from '../../../shared/api.ts';
import { openRaw, sendRaw } from '../raw-request.ts';
import { openEvents } from '../running/event-client.ts';
import {
  finishConversion,
  signingSecret,
  startTestGateway,
  storedBlobs,
  type TestAccount,
  type TestGateway,
} from '../test-gateway.ts';
import { nameOf, openRoutes, overrideCalls, type RouteCall, routeCalls, type Thing } from './route-calls.ts';

let gateway: TestGateway;
let owner: TestAccount;
let stranger: TestAccount;
let admin: TestAccount;

beforeAll(async () => {
  gateway = await startTestGateway();
  owner = await gateway.account();
  stranger = await gateway.account();
  admin = await gateway.account({ admin: true });
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Everything that a caller can see of an answer, byte for byte, except the time. */
async function answerTo(name: string, call: RouteCall, id: string, authorization?: string): Promise<string> {
  const method = methodOf(name, call);
  const body = call.body?.(id);
  const headers: Readonly<Record<string, string>> = {
    Host: new URL(gateway.url).host,
    Connection: 'close',
    ...(authorization === undefined ? {} : { Authorization: authorization }),
    ...call.headers,
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}\r\n`);
  const text = `${method.toUpperCase()} ${call.path(id)} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
  const answer = headers['Upgrade'] === undefined ? await sendRaw(gateway.url, text) : await firstOf(text);
  return answer.replace(/^Date: .*\r\n/m, '');
}

function methodOf(name: string, { method = name.split(' ', 1)[0] ?? '' }: RouteCall): string {
  return method;
}

/** The head of an answer on a connection that may not end. */
async function firstOf(text: string): Promise<string> {
  const connection = await openRaw(gateway.url);
  await connection.send(text);
  const answer = await connection.until(/\r\n\r\n/);
  connection.destroy();
  return answer;
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
const bearer = ({ token }: TestAccount): string => `Bearer ${token}`;

/** Creates a thing for the owner and returns its id. */
const makeThing: Readonly<Record<Thing, () => Promise<string>>> = {
  async done() {
    const { id } = await owner.upload('video');
    await finishConversion(gateway.test, id, Buffer.from('the whole MP3'));
    return id;
  },
  async queued() {
    return (await owner.upload('video')).id;
  },
  async cancelled() {
    const { id } = await owner.upload('video');
    await owner.fetch(`/api/v1/conversions/${id}/cancel`, { method: 'POST' });
    return id;
  },
  async 'unfinished upload'() {
    const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '5' };
    const answer = await owner.fetch('/api/v1/uploads', { method: 'POST', headers });
    expect(answer.status).toBe(201);
    return z.string().parse(answer.headers.get('x-conversion-id'));
  },
  async notification() {
    const id = randomUUID();
    const notification = notificationSchema.parse({
      id,
      kind: 'one',
      batchId: id,
      conversionIds: [id],
      counts: { done: 1, failed: 0, warned: 0 },
      seconds: 1,
      bytes: 1,
      message: 'talk.mp3 is ready.',
      createdAt: new Date().toISOString(),
    });
    await gateway.test.notifications.insert({ owner: owner.id, notification, told: [] });
    return id;
  },
};

/**
 * Everything that the owner has, as the owner sees it and as it is stored. Positions in the queue are left out: they also tell of
 * the conversions of others before them.
 */
async function possessions(): Promise<unknown> {
  const [conversions, notifications, account, blobs] = await Promise.all([
    owner.fetch('/api/v1/conversions?limit=100').then((answer) => answer.text()),
    owner.fetch('/api/v1/notifications?limit=100').then((answer) => answer.text()),
    owner.fetch('/api/v1/me').then((answer) => answer.text()),
    storedBlobs(gateway.test),
  ]);
  return {
    conversions: conversions.replaceAll(/"position":\d+,?/gu, ''),
    notifications,
    account,
    blobs: blobs.filter((blob) => conversions.includes(blob.split(' ')[1] ?? '')),
  };
}

/** An id of the same form that was never assigned. */
function neverWas(id: string): string {
  return id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
}

const calls = [
  ...Object.entries(routeCalls),
  ...Object.entries(overrideCalls).map(([name, call]) => [`${name} by a POST`, call] as const),
];
const callsOfOne = calls.flatMap(([name, call]) =>
  call.about === undefined ? [] : [[name, call, call.about] as const],
);
const callsOfAll = calls.filter(([, { about }]) => about === undefined);

describe('the table of routes', () => {
  it('has only routes that these tests can call, or that are open for a stated reason', () => {
    const known = [...Object.keys(routeCalls), ...Object.keys(openRoutes)];
    expect(gateway.routes.map(nameOf).toSorted()).toEqual(known.toSorted());
  });

  it('requires an account for every route that is not open', () => {
    const forAccounts = gateway.routes.filter(({ access }) => access === 'account').map(nameOf);
    const checkingThemselves = calls.filter(([, { needsNoToken }]) => needsNoToken !== undefined).map(([name]) => name);
    expect([...forAccounts, ...checkingThemselves].toSorted()).toEqual(Object.keys(routeCalls).toSorted());
  });

  it('has no other ways to call them than those in these tests', () => {
    const otherwise = gateway.routes.filter(({ byOverride }) => byOverride === true).map(nameOf);
    expect(otherwise.toSorted()).toEqual(Object.keys(overrideCalls).toSorted());
  });
});

async function expectRefused(name: string, call: RouteCall, authorization?: string): Promise<void> {
  const id = call.about === undefined ? randomUUID() : await makeThing[call.about]();
  const before = await possessions();
  const answer = await answerTo(name, call, id, authorization);
  expect(statusOf(answer)).toBe(401);
  expect(answer).toMatch(/^WWW-Authenticate: Bearer realm="Soundlift"/m);
  expect(answer.split('\r\n\r\n')[1]).toMatch(methodOf(name, call) === 'head' ? /^$/ : /"code":"unauthorized"/);
  expect(await possessions()).toEqual(before);
}

describe('without a token', () => {
  const needingOne = calls.filter(([, { needsNoToken }]) => needsNoToken === undefined);
  it.each(needingOne)('%s: 401', (name, call) => expectRefused(name, call));
});

describe.each(calls)('%s', (name, call) => {
  const refused = (authorization: string): Promise<void> => expectRefused(name, call, authorization);

  it.each(['', 'garbage', 'Bearer', 'Bearer garbage', 'Bearer a.b.c', `Basic ${btoa('a@example.com:password')}`])(
    'with the authorization “%s”: 401',
    (authorization) => refused(authorization),
  );

  it('with an expired token: 401', async () => {
    const now = Date.now() / 1000;
    // The same token is accepted before it expires, so only the time is the reason.
    const good = await withEnd(owner.token, now + 60);
    expect(
      (await fetch(`${gateway.url}/api/v1/conversions`, { headers: { authorization: `Bearer ${good}` } })).status,
    ).toBe(200);
    await refused(`Bearer ${await withEnd(owner.token, now - 60)}`);
  });

  it('with a token of a removed account: 401', async () => {
    const gone = await gateway.account();
    await gateway.users.remove(gone.id);
    await refused(bearer(gone));
  });
});

describe.each(callsOfOne)('%s', (name, call, about) => {
  it.each(['another', 'an admin'])('of %s: the same answer as for an id that never existed', async (who) => {
    const caller = who === 'another' ? stranger : admin;
    const id = await makeThing[about]();
    const before = await possessions();
    const theirs = await answerTo(name, call, id, bearer(caller));
    const nobodys = await answerTo(name, call, neverWas(id), bearer(caller));
    expect(statusOf(theirs)).toBe(call.othersGet ?? 404);
    expect(theirs).toBe(nobodys);
    expect(await possessions()).toEqual(before);
    // The thing exists: its owner can use it with the same call.
    const own = await answerTo(name, call, id, bearer(owner));
    expect(statusOf(own)).toBeLessThan(300);
  });
});

describe.each(callsOfAll)('%s', (name, call) => {
  it.each(['another', 'an admin'])('by %s: neither shows nor changes what the owner has', async (who) => {
    const caller = await gateway.account({ admin: who === 'an admin' });
    const ids = await Promise.all([makeThing.done(), makeThing.queued(), makeThing.notification()]);
    const before = await possessions();
    const answer = await answerTo(name, call, randomUUID(), bearer(caller));
    expect(statusOf(answer)).not.toBe(404);
    for (const secret of [...ids, owner.id, owner.email]) expect(answer).not.toContain(secret);
    expect(await possessions()).toEqual(before);
  });
});

describe('lists', () => {
  it.each(['another', 'an admin'])('of %s are empty for any cursor, state or batch', async (who) => {
    const caller = who === 'another' ? await gateway.account() : admin;
    for (let made = 0; made < 3; made += 1) await Promise.all([makeThing.done(), makeThing.notification()]);
    for (const list of ['conversions', 'notifications']) {
      const page = await (await owner.fetch(`/api/v1/${list}?limit=1`)).json();
      const { items, next } = z
        .object({ items: z.array(z.looseObject({ batchId: z.string().optional() })), next: z.string() })
        .parse(page);
      expect(items).toHaveLength(1);
      for (const query of [
        '',
        `?cursor=${encodeURIComponent(next)}`,
        '?limit=100',
        `?batchId=${items[0]?.batchId}`,
        '?unread=true',
      ]) {
        const answer = await caller.fetch(`/api/v1/${list}${query}`);
        expect([answer.status, await answer.json()]).toEqual([200, { items: [] }]);
      }
    }
  });
});

describe('a socket', () => {
  it.each(['another', 'an admin'])('of %s gets no events of the owner', async (who) => {
    const caller = who === 'another' ? stranger : admin;
    // A change position is not tied to an account: with one of another account, a client gets its own changes.
    const since = await positionOf(owner);
    await using others = await openEvents(gateway.url, { token: caller.token });
    await using own = await openEvents(gateway.url, { token: owner.token });
    await Promise.all([others.hello, own.hello]);
    const id = await makeThing.done();
    await owner.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
    await own.until('the owner is told', (frames) =>
      frames.some((frame) => frame.type === 'removed' && frame.ids.includes(id)),
    );
    // Events arrive in order, so this one comes after all others that could have come.
    const { id: last } = await caller.upload('video');
    await others.until('the other is told', (frames) =>
      frames.some((frame) => frame.type === 'conversion' && frame.conversion.id === last),
    );
    expect(JSON.stringify(others.frames)).not.toContain(id);

    await using back = await openEvents(gateway.url, { token: caller.token, since });
    const hello = await back.hello;
    expect(hello.conversions.map((conversion) => conversion.id)).toContain(last);
    expect(JSON.stringify(hello)).not.toContain(id);
  });

  async function positionOf(account: TestAccount): Promise<string> {
    await using client = await openEvents(gateway.url, { token: account.token });
    return (await client.hello).at;
  }
});

/** The same token, signed with the same key, with another expiry in seconds since 1970. */
async function withEnd(token: string, exp: number): Promise<string> {
  const { alg = '', ...header } = decodeProtectedHeader(token);
  return await new SignJWT({ ...decodeJwt(token), exp: Math.floor(exp) })
    .setProtectedHeader({ ...header, alg })
    .sign(new TextEncoder().encode(signingSecret));
}
