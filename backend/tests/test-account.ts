import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Conversion, conversionSchema } from '../../shared/api.ts';
import type { AccessTokens } from '../auth/access-tokens.ts';
import { createPasswordHashing } from '../auth/password-hashing.ts';
import type { SessionStore } from '../ports/session-store.ts';
import type { UserStore } from '../ports/user-store.ts';

/** An account with a token, and a `fetch` that sends it. */
export interface TestAccount {
  readonly id: string;
  readonly email: string;
  readonly token: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  upload(contents: Uint8Array<ArrayBuffer> | string, fileName?: string): Promise<Conversion>;
  conversions(query?: string): Promise<readonly Conversion[]>;
}

export interface TestAccountParts {
  /** The gateway's, without a trailing slash. */
  readonly url: string;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly tokens: AccessTokens;
}

/** The same for all: hashing takes long. */
let passwordHash: Promise<string> | undefined;

/** Writes an account, whose password nobody knows, into the stores, and signs it in. */
export async function makeTestAccount(
  { url, users, sessions, tokens }: TestAccountParts,
  { admin = false }: { readonly admin?: boolean } = {},
): Promise<TestAccount> {
  const id = randomUUID();
  const user = {
    id,
    email: `${id}@example.com`,
    passwordHash: await (passwordHash ??= createPasswordHashing().hash(randomUUID())),
    admin,
    confirmed: true,
    mail: true,
    createdAt: new Date().toISOString(),
  };
  await users.insert(user);
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  const session = { id: randomUUID(), userId: id, revision: 1, endsAt };
  await sessions.insert(session);
  const token = await tokens.issue(user, session.id, 3600);
  async function fetchAs(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    return await fetch(`${url}${path}`, { ...init, headers });
  }
  return {
    id,
    email: user.email,
    token,
    fetch: fetchAs,
    async upload(contents, fileName = 'talk.mp4') {
      const form = new FormData();
      form.set('file', new Blob([contents]), fileName);
      const answer = await fetchAs('/upload', { method: 'POST', body: form });
      if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
      return conversionSchema.parse(await answer.json());
    },
    async conversions(query = '') {
      const answer = await fetchAs(`/api/v1/conversions${query}`);
      return z.object({ items: z.array(conversionSchema) }).parse(await answer.json()).items;
    },
  };
}
