import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openEvents } from '../running/event-client.ts';
import type { TestAccount } from '../test-account.ts';
import type { OwnershipBackend } from './ownership-backend.ts';
import type { People } from './people.ts';
import { overrideCalls, routeCalls } from './route-calls.ts';
import { bearer, methodOf, sendCall, statusOf } from './send-call.ts';

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

/** Nobody but its owner can see or change anything, whatever a backend's parts are. Registers vitest's tests. */
export function describeOwnership(backend: () => OwnershipBackend, people: People): void {
  describeRefusals(backend, people);
  describeOthers(backend, people);
  describeListsOfOthers(backend, people);
  describeSocketsOfOthers(backend, people);
}

function describeRefusals(backend: () => OwnershipBackend, people: People): void {
  /** What is no valid token, by what is wrong with it. */
  async function badAuthorizations(): Promise<ReadonlyMap<string, string>> {
    const { url, signingSecret, account, removeAccount } = backend();
    const now = Date.now() / 1000;
    const { token } = people.owner;
    // The same token is accepted before it expires, so only the time is the reason.
    const good = await withEnd(token, now + 60, signingSecret);
    const list = await fetch(`${url}/api/v1/conversions`, { headers: { authorization: `Bearer ${good}` } });
    expect(list.status).toBe(200);
    const gone = await account();
    await removeAccount(gone.id);
    return new Map([
      ['nothing', ''],
      ['a word', 'garbage'],
      ['no token', 'Bearer'],
      ['no JWT', 'Bearer garbage'],
      ['a JWT of letters', 'Bearer a.b.c'],
      ['a password', `Basic ${btoa('a@example.com:password')}`],
      ['an expired token', `Bearer ${await withEnd(token, now - 60, signingSecret)}`],
      ['a token that somebody else signed', `Bearer ${await withEnd(token, now + 60, 'admin123')}`],
      ['a token of a removed account', bearer(gone)],
    ]);
  }

  describe('without a valid token', () => {
    it.each(calls)('%s: 401, and nothing changes', async (name, call) => {
      const id = call.about === undefined ? randomUUID() : await people.make(call.about);
      const before = await people.possessions();
      const tries: [what: string, authorization?: string][] = [...(await badAuthorizations())];
      if (call.needsNoToken === undefined) tries.push(['no header']);
      const { url } = backend();
      const answers = await Promise.all(
        tries.map(([, authorization]) =>
          sendCall(url, { name, call, id, ...(authorization === undefined ? {} : { authorization }) }),
        ),
      );
      for (const [index, answer] of answers.entries()) {
        const [what] = tries[index] ?? [];
        expect(statusOf(answer), what).toBe(401);
        expect(answer, what).toMatch(/^WWW-Authenticate: Bearer realm="Soundlift"/m);
        expect(answer.split('\r\n\r\n')[1], what).toMatch(
          methodOf(name, call) === 'head' ? /^$/ : /"code":"unauthorized"/,
        );
      }
      expect(await people.possessions()).toEqual(before);
    });
  });
}

function describeOthers(backend: () => OwnershipBackend, people: People): void {
  describe('of another or an admin', () => {
    it.each(callsOfOne)('%s: the same answer as for an id that never existed', async (name, call, about) => {
      const id = await people.make(about);
      const before = await people.possessions();
      const answerTo = (asked: string, by: TestAccount): Promise<string> =>
        sendCall(backend().url, { name, call, id: asked, authorization: bearer(by) });
      for (const caller of [people.stranger, people.admin]) {
        const theirs = await answerTo(id, caller);
        const nobodys = await answerTo(neverWas(id), caller);
        expect(statusOf(theirs)).toBe(call.othersGet ?? 404);
        expect(theirs).toBe(nobodys);
      }
      expect(await people.possessions()).toEqual(before);
      // The thing exists: its owner can use it with the same call.
      expect(statusOf(await answerTo(id, people.owner))).toBeLessThan(300);
    });
  });

  describe('by another or an admin', () => {
    it.each(callsOfAll)('%s: neither shows nor changes what the owner has', async (name, call) => {
      const { owner, make } = people;
      const ids = await Promise.all([make('done'), make('queued'), make('notification')]);
      const before = await people.possessions();
      for (const admin of [false, true]) {
        const caller = await backend().account({ admin });
        const sent = { name, call, id: randomUUID(), authorization: bearer(caller) };
        const answer = await sendCall(backend().url, sent);
        expect(statusOf(answer)).not.toBe(404);
        for (const secret of [...ids, owner.id, owner.email]) expect(answer).not.toContain(secret);
      }
      expect(await people.possessions()).toEqual(before);
    });
  });
}

function describeListsOfOthers(backend: () => OwnershipBackend, people: People): void {
  describe('lists', () => {
    it.each(['another', 'an admin'])('of %s are empty for any cursor, state or batch', async (who) => {
      const caller = who === 'another' ? await backend().account() : people.admin;
      for (let made = 0; made < 3; made += 1) await Promise.all([people.make('done'), people.make('notification')]);
      for (const list of ['conversions', 'notifications']) {
        const page = await (await people.owner.fetch(`/api/v1/${list}?limit=1`)).json();
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
}

function describeSocketsOfOthers(backend: () => OwnershipBackend, people: People): void {
  describe('a socket', () => {
    it.each(['another', 'an admin'])('of %s gets no events of the owner', async (who) => {
      const caller = who === 'another' ? people.stranger : people.admin;
      // A change position is not tied to an account: with one of another account, a client gets its own changes.
      const since = await positionOf(people.owner);
      await using others = await openEvents(backend().url, { token: caller.token });
      await using own = await openEvents(backend().url, { token: people.owner.token });
      await Promise.all([others.hello, own.hello]);
      const id = await people.make('done');
      await people.owner.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
      await own.until('the owner is told', (frames) =>
        frames.some((frame) => frame.type === 'removed' && frame.ids.includes(id)),
      );
      // Events arrive in order, so this one comes after all others that could have come.
      const { id: last } = await caller.upload('video');
      await others.until('the other is told', (frames) =>
        frames.some((frame) => frame.type === 'conversion' && frame.conversion.id === last),
      );
      expect(JSON.stringify(others.frames)).not.toContain(id);

      await using back = await openEvents(backend().url, { token: caller.token, since });
      const hello = await back.hello;
      expect(hello.conversions.map((conversion) => conversion.id)).toContain(last);
      expect(JSON.stringify(hello)).not.toContain(id);
    });

    async function positionOf(account: TestAccount): Promise<string> {
      await using client = await openEvents(backend().url, { token: account.token });
      return (await client.hello).at;
    }
  });
}

/** The same token, signed with the same key, with another expiry in seconds since 1970. */
async function withEnd(token: string, exp: number, secret: string): Promise<string> {
  const { alg = '', ...header } = decodeProtectedHeader(token);
  return await new SignJWT({ ...decodeJwt(token), exp: Math.floor(exp) })
    .setProtectedHeader({ ...header, alg })
    .sign(new TextEncoder().encode(secret));
}
