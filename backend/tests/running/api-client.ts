import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  type Conversion,
  conversionSchema,
  hasEnded,
  type Notification,
  notificationSchema,
} from '../../../shared/api.ts';
import { type Patience, waitUntil } from './wait-until.ts';

/** The answer of a list. */
export const conversionsPageSchema = z.strictObject({ items: z.array(conversionSchema), next: z.string().optional() });
const notificationsPageSchema = z.strictObject({ items: z.array(notificationSchema), next: z.string().optional() });

/** An account on a server, over HTTP. Every answer is checked against the schemas; an unexpected one is thrown. */
export interface ApiClient {
  readonly email: string;
  readonly password: string;
  readonly token: string;
  /** Sends any request with the token. Resolves with any status. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  upload(path: string, fileName?: string): Promise<Conversion>;
  get(id: string): Promise<Conversion>;
  /** All pages, newest first. */
  conversions(): Promise<readonly Conversion[]>;
  /** All pages, newest first. */
  notifications(): Promise<readonly Notification[]>;
  cancel(id: string): Promise<Conversion>;
  retry(id: string, options?: Conversion['options']): Promise<Conversion>;
  /** Waits until `accepts` returns true. Throws if the conversion ends before that. */
  until(id: string, accepts: (conversion: Conversion) => boolean, patience?: Patience): Promise<Conversion>;
  /** Waits until it is done, failed or cancelled. */
  ended(id: string, patience?: Patience): Promise<Conversion>;
  /** Downloads a whole, small MP3. */
  download(id: string): Promise<Buffer>;
}

/** `url` is a function because a restarted server listens on another port. */
export interface AccountOptions {
  readonly url: () => string;
  readonly email?: string;
  readonly password?: string;
}

let accounts = 0;

/** Creates an account and signs in. */
export async function makeAccount({ url, ...given }: AccountOptions): Promise<ApiClient> {
  accounts += 1;
  const { email = `someone-${accounts}@example.com`, password = 'a long enough password' } = given;
  const body = JSON.stringify({ email, password });
  const answer = await fetch(`${url()}/api/v1/accounts`, { method: 'POST', headers: jsonHeaders, body });
  await expectStatus(answer, 201);
  await answer.body?.cancel();
  return await signIn({ url, email, password });
}

export async function signIn({ url, email, password }: Required<AccountOptions>): Promise<ApiClient> {
  const answer = await fetch(`${url()}/login`, { method: 'POST', headers: { authorization: basic(email, password) } });
  await expectStatus(answer, 200);
  return createClient({ url, email, password, token: await answer.text() });
}

export function basic(email: string, password: string): string {
  return `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}`;
}

const jsonHeaders = { 'content-type': 'application/json' };

function createClient(account: Required<AccountOptions> & { readonly token: string }): ApiClient {
  const { url, email, password, token } = account;

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${token}`);
    return await fetch(`${url()}${path}`, { ...init, headers });
  }

  async function json<Shape>(schema: z.ZodType<Shape>, path: string, init?: RequestInit): Promise<Shape> {
    const answer = await request(path, init);
    await expectStatus(answer, 200);
    const body: unknown = await answer.json();
    const parsed = schema.parse(body);
    // A schema drops unknown fields.
    if (!isDeepStrictEqual(parsed, body)) throw new Error(`${path} has more than its schema: ${JSON.stringify(body)}`);
    return parsed;
  }

  async function all<Item>(schema: z.ZodType<{ items: Item[]; next?: string | undefined }>, path: string) {
    const items: Item[] = [];
    let cursor = '';
    for (;;) {
      const page = await json(schema, `${path}?limit=100${cursor}`);
      items.push(...page.items);
      if (page.next === undefined) return items;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
    }
  }

  const get = (id: string): Promise<Conversion> => json(conversionSchema, `/api/v1/conversions/${id}`);
  const post = (path: string, body: unknown): Promise<Conversion> =>
    json(conversionSchema, path, { method: 'POST', headers: jsonHeaders, body: JSON.stringify(body) });

  async function until(id: string, accepts: (conversion: Conversion) => boolean, patience?: Patience) {
    const look = async (): Promise<Conversion | undefined> => {
      const conversion = await get(id);
      if (accepts(conversion)) return conversion;
      if (hasEnded(conversion.state)) throw new Error(`the conversion ended: ${JSON.stringify(conversion)}`);
      return undefined;
    };
    return await waitUntil(`conversion ${id} is as expected`, look, patience);
  }

  return {
    email,
    password,
    token,
    fetch: request,
    async upload(path, fileName = basename(path)) {
      const form = new FormData();
      form.set('file', await openAsBlob(path), fileName);
      return await json(conversionSchema, '/upload', { method: 'POST', body: form });
    },
    get,
    conversions: () => all(conversionsPageSchema, '/api/v1/conversions'),
    notifications: () => all(notificationsPageSchema, '/api/v1/notifications'),
    cancel: (id) => post(`/api/v1/conversions/${id}/cancel`, {}),
    retry: (id, options) => post(`/api/v1/conversions/${id}/retry`, options === undefined ? {} : { options }),
    until,
    ended: (id, patience) => until(id, ({ state }) => hasEnded(state), patience),
    async download(id) {
      const answer = await request(`/download?fid=${id}`);
      await expectStatus(answer, 200);
      return Buffer.from(await answer.arrayBuffer());
    },
  };
}

async function expectStatus(answer: Response, status: number): Promise<void> {
  if (answer.status !== status) {
    throw new Error(`${answer.status} instead of ${status} from ${answer.url}: ${await answer.text()}`);
  }
}
