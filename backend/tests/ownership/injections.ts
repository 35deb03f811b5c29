import { randomInt } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEvents } from '../running/event-client.ts';
import type { OwnershipBackend } from './ownership-backend.ts';
import type { People } from './people.ts';
import { routeCalls } from './route-calls.ts';
import { bearer, sendCall, statusOf } from './send-call.ts';

/** What would be a piece of a query if it were put into its text. `id` is of something that exists. */
const texts: readonly ((id: string) => string)[] = [
  (id) => `${id}' OR '1'='1`,
  () => "' OR 1=1 -- ",
  () => "'; DROP TABLE user; -- ",
  (id) => `\\' UNION SELECT password_hash FROM user /* ${id}`,
  (id) => `{"$in":["${id}"]}`,
  (id) => `${id}'; return true; //`,
  () => '.*',
  () => '%',
];

/** What MongoDB would take for a condition instead of a value. `id` is of something that exists. */
const conditions: readonly ((id: string) => unknown)[] = [
  () => ({ $gt: '' }),
  () => ({ $ne: null }),
  (id) => ({ $in: [id] }),
  () => ({ $where: 'true' }),
  (id) => [id, { $gt: '' }],
];

/** A parameter of a request. */
interface Parameter {
  readonly name: string;
  /** Its values are texts, or values of JSON. */
  readonly values: readonly ((id: string) => unknown)[];
  readonly request: (value: string) => { readonly path: string; readonly init?: RequestInit };
}

const query = (path: string, name: string): Parameter => ({
  name: `${name} of ${path}`,
  values: texts,
  request: (value) => ({ path: `${path}?${name}=${encodeURIComponent(value)}` }),
});
/** The name of a parameter says that its value is a condition, in the way of several frameworks. */
const queryOperator = (path: string, name: string): Parameter => ({
  name: `${name}[…] of ${path}`,
  values: ['[$ne]=', '[$gt]=', '[$regex]=.*', '[]=x', '=a&%s=b'].map((text) => () => text),
  request: (value) => ({ path: `${path}?${name}${value.replace('%s', name)}` }),
});
/** A cursor that was decoded, changed and encoded again. */
const cursor = (path: string): Parameter => ({
  name: `what is in a cursor of ${path}`,
  values: [...conditions, ...texts.slice(0, 2)].flatMap((value) => [
    (id: string) => [value(id), id],
    (id: string) => ['2100-01-01T00:00:00.000Z', value(id)],
  ]),
  request: (value) => ({ path: `${path}?cursor=${Buffer.from(value).toString('base64url')}` }),
});
const header = (path: string, name: string, rest: RequestInit = {}): Parameter => ({
  name: `the header ${name} of ${path}`,
  values: texts,
  request(value) {
    const headers = new Headers(rest.headers);
    headers.set(name, value);
    return { path, init: { ...rest, headers } };
  },
});
/** A pair of the header in which an upload is described. */
const metadata = (name: string, rest = ''): Parameter => ({
  name: `the ${name} of an upload`,
  values: texts,
  request(value) {
    const described = { 'Upload-Metadata': `${name} ${btoa(value)}${rest}` };
    const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '5', ...described };
    return { path: '/api/v1/uploads', init: { method: 'POST', headers } };
  },
});
/** A field of a body, the others of which are `rest`. */
const field = (method: string, path: string, name: string, rest: object = {}): Parameter => ({
  name: `${name} of ${method} ${path}`,
  values: [...texts, ...conditions],
  request(value) {
    const body = JSON.stringify({ ...rest, [name]: JSON.parse(value) });
    return { path, init: { method, body, headers: { 'Content-Type': 'application/json' } } };
  },
});

const lists = ['/api/v1/conversions', '/api/v1/notifications'];
const ofAccount: readonly Parameter[] = [
  ...lists.flatMap((path) => [cursor(path), ...['cursor', 'limit', 'owner'].map((name) => query(path, name))]),
  ...lists.flatMap((path) => ['cursor', 'limit', 'owner'].map((name) => queryOperator(path, name))),
  ...['state', 'batchId'].flatMap((name) => [query(lists[0] ?? '', name), queryOperator(lists[0] ?? '', name)]),
  ...[query, queryOperator].map((make) => make(lists[1] ?? '', 'unread')),
  ...[query, queryOperator].map((make) => make('/download', 'fid')),
  metadata('filename'),
  metadata('batchId'),
  metadata('batchSize', `,batchId ${btoa('1')}`),
  metadata('key'),
  metadata('options'),
  header('/api/v1/uploads', 'Upload-Checksum', { method: 'POST', headers: { 'Tus-Resumable': '1.0.0' } }),
  field('POST', '/api/v1/notifications/read', 'ids'),
  field('PATCH', '/api/v1/me', 'mail'),
  field('POST', '/api/v1/me/confirm', 'code'),
  field('POST', '/api/v1/me/password', 'old', { new: 'a long new password' }),
  field('DELETE', '/api/v1/me', 'password'),
];

/** Those of people who are not signed in, none of which lets anybody in. */
const ofAnybody: readonly Parameter[] = [
  header('/api/v1/me', 'Authorization'),
  field('POST', '/api/v1/sessions', 'email', { password: 'a long password' }),
  field('POST', '/api/v1/sessions/refresh', 'refreshToken'),
  field('POST', '/api/v1/accounts', 'email', { password: 'a long password' }),
  field('POST', '/api/v1/accounts/reset/confirm', 'email', { code: '12345678', password: 'a long password' }),
];

/** Another one each time, of another network. */
const clientAddress = (): string => `${randomInt(1, 100)}.${randomInt(256)}.${randomInt(256)}.7`;

const callsOfOne = Object.entries(routeCalls).filter(([, { about }]) => about !== undefined);

const asText = (value: unknown, { name }: Parameter): string =>
  typeof value === 'string' && !/ of [A-Z]+ \//.test(name) ? value : JSON.stringify(value);

/**
 * Whatever stands in a parameter is a value, and never a part of a query: it finds and changes nothing that is somebody else's.
 * Registers vitest's tests.
 */
export function describeInjections(backend: () => OwnershipBackend, people: People): void {
  let id: string;

  /** Sends it with each value at once, and returns the answers. Each comes from another client, so that none guesses too often. */
  async function sendAll(parameter: Parameter, token?: string): Promise<readonly { value: string; status: number }[]> {
    const secrets = [id, people.owner.id, people.owner.email, '$argon2'];
    return await Promise.all(
      parameter.values.map(async (make) => {
        const value = asText(make(id), parameter);
        const { path, init = {} } = parameter.request(value);
        const headers = new Headers(init.headers);
        headers.set('x-forwarded-for', clientAddress());
        if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
        const answer = await fetch(`${backend().url}${path}`, { ...init, headers });
        // A caller may be told again what it has sent.
        const text = `${JSON.stringify([...answer.headers])} ${await answer.text()}`.replaceAll(value, '');
        expect(
          secrets.filter((secret) => text.includes(secret)),
          value,
        ).toEqual([]);
        expect(answer.status, `${value}: ${text}`).toBeLessThan(500);
        return { value, status: answer.status };
      }),
    );
  }

  describe('a piece of a query', () => {
    beforeAll(async () => {
      id = await people.make('done');
      await people.make('notification');
    });

    it.each(ofAccount.map((parameter) => [parameter.name, parameter] as const))(
      'as %s neither shows nor changes what others have',
      async (_name, parameter) => {
        const before = await people.possessions();
        const { token } = await backend().account();
        await sendAll(parameter, token);
        expect(await people.possessions()).toEqual(before);
      },
    );

    it.each(callsOfOne)('as the id of %s is an id that never existed, for the owner too', async (name, call) => {
      const { owner, make, possessions } = people;
      const { url } = backend();
      const thing = await make(call.about ?? 'done');
      const before = await possessions();
      const answers = await Promise.all(
        texts.map((text) =>
          sendCall(url, { name, call, id: encodeURIComponent(text(thing)), authorization: bearer(owner) }),
        ),
      );
      expect(new Set(answers.map(statusOf))).toEqual(new Set([call.othersGet ?? 404]));
      expect(await possessions()).toEqual(before);
    });

    it('as the change position or the token of a socket shows nothing of others', async () => {
      const { token } = await backend().account();
      for (const text of texts) {
        const since = text(id);
        await using client = await openEvents(backend().url, { token, since, inMessage: true });
        const first = await Promise.race([client.hello, client.ended]);
        expect(JSON.stringify(first)).not.toContain('talk.mp4');
        await using nobody = await openEvents(backend().url, { token: text(id), inMessage: true });
        expect(await nobody.ended).toMatchObject({ code: 4401 });
      }
    });

    it('as an e-mail address or a password of a script lets nobody in', async () => {
      const { owner } = people;
      for (const text of texts.slice(0, 4).map((make) => make(owner.id))) {
        for (const pair of [`${owner.email}:${text}`, `${owner.email}${text}:x`, `${text}:${text}`]) {
          const headers = { authorization: `Basic ${btoa(pair)}`, 'x-forwarded-for': clientAddress() };
          const answer = await fetch(`${backend().url}/login`, { method: 'POST', headers });
          expect(answer.status, pair).toBe(401);
        }
      }
    });

    it.each(ofAnybody.map((parameter) => [parameter.name, parameter] as const))(
      'as %s lets nobody in',
      async (_name, parameter) => {
        const before = await people.possessions();
        const answers = await sendAll(parameter);
        expect(answers.filter(({ status }) => ![400, 401, 422].includes(status))).toEqual([]);
        expect(await people.possessions()).toEqual(before);
      },
    );
  });
}
