import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type Session, sessionSchema } from '../../../shared/api.ts';
import { mailMark } from '../mail/mailing-server.ts';
import type { ApiClient } from '../running/api-client.ts';
import { type EventClient, openEvents } from '../running/event-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import { storedTimes } from './stored-times.ts';
import type { StrainedCluster } from './strained-cluster.ts';

const minute = 60_000;
const json = { 'content-type': 'application/json' };
const resumable = { 'tus-resumable': '1.0.0' };
/** From the first gateway to the second, and back. */
const bothWays = [
  [0, 1],
  [1, 0],
] as const;

/** What holds although the processes of a cluster have different clocks. Registers vitest's tests, of which the last looks at what all have stored. */
export function describeDifferentClocks(cluster: () => StrainedCluster): void {
  const began = Date.now();

  describe('a cluster whose machines have different clocks', () => {
    it('lists, converts and reports the videos of a person in the order in which they came', () =>
      keepsOrder(cluster()));
    it('keeps sessions and their sockets for as long as it should', () => keepsSessions(cluster()));
    it('takes mailed codes for as long as it should, and mails one a minute', () => keepsCodes(cluster()));
    it('continues an upload at another gateway, and keeps it for a day', () => keepsUploads(cluster()));
    it('reports a batch when it has ended or was quiet for long enough, not before', () => keepsBatches(cluster()));
    it('stores no time of a clock of its own', () => storesOneTime(cluster(), began));
  });
}

async function keepsOrder({ person, gateways, ffmpeg, places, lecture, talk }: StrainedCluster): Promise<void> {
  const [one, other] = person;
  await using opened = new AsyncDisposableStack();
  const clients: EventClient[] = [];
  for (const [number, url] of gateways.entries()) {
    clients.push(opened.use(await openEvents(url, { token: person[number]?.token ?? '' })));
  }
  await Promise.all(clients.map(({ hello }) => hello));
  await ffmpeg.hold();
  const ids: string[] = [];
  for (let number = 0; number < places + 4; number += 1) {
    const { id } = await (number % 2 === 0 ? other : one).upload(number < places ? lecture : talk);
    ids.push(id);
    if (number < places) await one.until(id, ({ state }) => state === 'converting');
  }
  const waiting = ids.slice(places);
  for (const account of person) {
    const listed = await account.conversions();
    expect(listed.slice(0, ids.length).map(({ id }) => id)).toEqual(ids.toReversed());
    const positions = await Promise.all(waiting.map(async (id) => (await account.get(id)).position));
    expect(positions).toEqual([0, 1, 2, 3]);
  }
  await ffmpeg.release();
  for (const id of ids) expect(await one.ended(id)).toMatchObject({ state: 'done', attempt: 1 });
  for (const client of clients) {
    for (const id of ids) {
      await client.until('the end', () => conversionFrames(client, id).at(-1)?.state === 'done');
      const revisions = conversionFrames(client, id).map(({ revision }) => revision);
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    }
    const taken = client.frames.flatMap((frame) =>
      frame.type === 'conversion' && frame.conversion.state === 'converting' ? frame.conversion.id : [],
    );
    // What two converters say may arrive in another order.
    if (places === 1) expect([...new Set(taken)]).toEqual(ids);
  }
}

function conversionFrames({ frames }: EventClient, id: string) {
  return frames.flatMap((frame) => (frame.type === 'conversion' && frame.conversion.id === id ? frame.conversion : []));
}

/** The answer to a sign-in or refresh, or its status. */
async function sessionFrom(url: string, path: string, body: object): Promise<Session | number> {
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) });
  const text = await answer.text();
  return answer.ok ? sessionSchema.parse(JSON.parse(text)) : answer.status;
}

async function keepsSessions({ person, gateways }: StrainedCluster): Promise<void> {
  const [{ email, password }] = person;
  for (const [here, there] of bothWays) {
    const session = sessionSchema.parse(await sessionFrom(gateways[here], '/api/v1/sessions', { email, password }));
    expect(Math.round((Date.parse(session.expiresAt) - Date.now()) / minute)).toBe(15);
    const authorization = `Bearer ${session.accessToken}`;
    for (const url of gateways) {
      expect((await fetch(`${url}/api/v1/me`, { headers: { authorization } })).status).toBe(200);
      await using client = await openEvents(url, { token: session.accessToken });
      await client.hello;
      // The account's other events come after the greeting, so the socket was not closed at once.
      await person[0].fetch('/api/v1/notifications/read', { method: 'POST', headers: json, body: '{"ids":[]}' });
      expect(client.socket.readyState).toBe(client.socket.OPEN);
    }
    // The answer to the first refresh was lost, and the second one reaches the other gateway.
    const { refreshToken } = session;
    for (const url of [gateways[here], gateways[there]]) {
      expect(await sessionFrom(url, '/api/v1/sessions/refresh', { refreshToken })).toHaveProperty('accessToken');
    }
  }
}

async function keepsCodes({ mailServer, gateways, person }: StrainedCluster): Promise<void> {
  const [{ password }] = person;
  for (const [here, there] of bothWays) {
    const email = `code-${here}@example.com`;
    const post = async (number: 0 | 1, path: string, body: object, authorization = ''): Promise<number> => {
      const headers = { ...json, ...(authorization === '' ? {} : { authorization }) };
      const answer = await fetch(`${gateways[number]}/api/v1${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      await answer.body?.cancel();
      return answer.status;
    };
    expect(await post(here, '/accounts', { email, password })).toBe(201);
    const session = sessionSchema.parse(await sessionFrom(gateways[there], '/api/v1/sessions', { email, password }));
    const authorization = `Bearer ${session.accessToken}`;
    expect(await post(there, '/me/confirm', {}, authorization)).toBe(429);
    const subject = await waitUntil(
      'the code was mailed',
      () => mailServer.mails.findLast(({ to }) => to.includes(email))?.parsed.subject,
    );
    const code = /^(\d{4}) (\d{4}) /.exec(subject)?.slice(1).join('') ?? '';
    expect(await post(there, '/me/confirm', { code }, authorization)).toBe(200);
  }
}

/** Begins a resumable upload at the gateway of one, and ends it at that of the other. */
async function uploadAcross(path: string, one: ApiClient, other: ApiClient, batchId: string): Promise<string> {
  const bytes = await readFile(path);
  const half = bytes.byteLength >> 1;
  const metadata = Object.entries({ filename: 'talk.mp4', batchId });
  const created = await one.fetch('/api/v1/uploads', {
    method: 'POST',
    headers: {
      ...resumable,
      'upload-length': String(bytes.byteLength),
      'upload-metadata': metadata.map(([key, value]) => `${key} ${btoa(value)}`).join(),
    },
  });
  const id = created.headers.get('x-conversion-id') ?? '';
  const send = async (account: ApiClient, from: number, to: number): Promise<Response> =>
    await account.fetch(`/api/v1/uploads/${id}`, {
      method: 'PATCH',
      headers: { ...resumable, 'content-type': 'application/offset+octet-stream', 'upload-offset': String(from) },
      body: bytes.subarray(from, to),
    });
  const begun = await send(one, 0, half);
  expect(begun.status).toBe(204);
  const expires = Date.parse(begun.headers.get('upload-expires') ?? '');
  expect(Math.round((expires - Date.now()) / minute)).toBe(24 * 60);
  expect((await send(other, half, bytes.byteLength)).status).toBe(204);
  return id;
}

async function keepsUploads({ person, talk }: StrainedCluster): Promise<void> {
  for (const [here, there] of bothWays) {
    const id = await uploadAcross(talk, person[here], person[there], `upload from ${here}`);
    expect(await person[here].ended(id)).toMatchObject({ state: 'done', attempt: 1 });
  }
}

async function keepsBatches({ person, talk }: StrainedCluster): Promise<void> {
  const [one, other] = person;
  // Nobody knows how many conversions this batch has, so it ends after ten quiet minutes.
  const open = await uploadAcross(talk, one, other, 'an open batch');
  await one.ended(open);
  const { id } = await other.upload(talk);
  const told = await waitUntil('the whole batch is reported', async () => {
    const all = await one.notifications();
    return all.some(({ conversionIds }) => conversionIds.includes(id)) && all;
  });
  // Both batches had ended when the notifier looked at all of them.
  expect(told.flatMap(({ conversionIds }) => conversionIds)).not.toContain(open);
  expect(await mailMark(one)).toBe('sent');
}

/** Some of the fields with times, written by each of the services. */
const everywhere = [
  'conversions._id',
  'conversions.row.createdAt',
  'conversions.row.endedAt',
  'notifications.notification.createdAt',
  'session.tokens',
  'user.created_at',
];

/** How long after its writing a stored time may be, in minutes. */
const lifetimes: Readonly<Record<string, readonly number[]>> = {
  'conversions.row.upload.expiresAt': [24 * 60],
  'session.ends_at': [24 * 60, 60 * 24 * 60],
  'code.ends_at': [15],
};

async function storesOneTime({ servers }: StrainedCluster, began: number): Promise<void> {
  const times = await storedTimes(servers);
  const places = new Set(times.map(({ where }) => where));
  expect([...places].toSorted()).toEqual(expect.arrayContaining(everywhere));
  const [least, most] = [began - minute, Date.now() + minute];
  const wrong = times.filter(
    ({ where, time }) =>
      !(lifetimes[where] ?? [0]).some((minutes) => time - minutes * minute > least && time - minutes * minute < most),
  );
  expect(wrong.map(({ where, time }) => `${where} ${new Date(time).toISOString()}`)).toEqual([]);
}
