import type { z } from 'zod';
import { type Credentials, type Session, sessionSchema } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import { readAnswer, type ServerHttp, type ServerRequest } from './server-http.ts';

/** What is stored to stay signed in. Unlike the server's answer, `expiresAt` is by this computer's clock. */
export interface KeptSession extends Session {
  /** The e-mail of the account, shown when the person must sign in again. */
  readonly email: string;
  /** The time of the sign-in, as ISO 8601 in UTC. */
  readonly signedInAt: string;
}

/** Stores a sign-in. Several processes may share one. */
export interface SessionKeeper {
  read(): Promise<KeptSession | undefined>;
  /** Without a session, deletes the stored one. */
  write(session?: KeptSession): Promise<void>;
}

/** For a sign-in that ends with this process. */
export function keepInMemory(session?: KeptSession): SessionKeeper {
  let kept = session;
  return {
    read: async () => kept,
    async write(next) {
      kept = next;
    },
  };
}

/** Sends the requests of one account to one server. */
export interface ServerSession {
  readonly http: ServerHttp;
  /** A token that is valid for at least another minute. Throws `unauthorized` if the person must sign in. */
  token(): Promise<string>;
  /** A new token, after the server has refused `refused`. */
  renewed(refused: string): Promise<string>;
  /** Sends the request with the token. If the token is refused, retries once with a new one. Throws as `ServerHttp.ask` does. */
  ask(request: ServerRequest): Promise<{ readonly data: unknown; readonly headers: Readonly<Record<string, unknown>> }>;
  /** Like `ask`, and parses the JSON answer. */
  askFor<Schema extends z.ZodType>(schema: Schema, request: ServerRequest): Promise<z.output<Schema>>;
  /** Ends the session on the server, and deletes it here even if the server cannot be reached. */
  signOut(): Promise<void>;
}

/** A token that expires within this time is renewed first. */
const spareSeconds = 60;
/** The assumed lifetime of a token whose lifetime is unknown: longer than a token is valid. */
const unknownMilliseconds = 24 * 3600 * 1000;

/** Signs in and stores the session. Throws `unauthorized`, `too_many`, and as `ServerHttp.ask` does. */
export async function signIn(http: ServerHttp, { email, password }: Credentials, keeper: SessionKeeper): Promise<void> {
  const { session } = await askForSession(http, '/api/v1/sessions', { email, password });
  await keeper.write({ ...session, email, signedInAt: new Date().toISOString() });
}

/** Opens the session that `keeper` stores. `onSignedOut` is called whenever it turns out that the person must sign in. */
export function openServerSession(
  http: ServerHttp,
  keeper: SessionKeeper,
  onSignedOut: () => void = () => {},
): ServerSession {
  /** Only one refresh runs at a time. Other callers wait for it. */
  let refreshing: Promise<KeptSession> | undefined;
  /** The latest token that this process has fetched, and its end by the monotonic clock, in milliseconds. */
  let fetched: { readonly accessToken: string; readonly endsAt: number } | undefined;

  async function kept(): Promise<KeptSession> {
    const session = await keeper.read();
    if (session === undefined) throw signInFirst();
    return session;
  }

  function signInFirst(cause?: unknown): AppError {
    onSignedOut();
    const sentence = sayShared('failNotSignedIn', { host: http.host });
    return new AppError('unauthorized', sentence, cause === undefined ? {} : { cause });
  }

  /** The session that follows the one with the access token `old`. Another process may have fetched it already. */
  async function refresh(old: string): Promise<KeptSession> {
    for (;;) {
      const session = await kept();
      if (session.accessToken !== old) return session;
      try {
        const { refreshToken } = session;
        const next = await askForSession(http, '/api/v1/sessions/refresh', { refreshToken });
        const renewed = { ...session, ...next.session };
        fetched = { accessToken: renewed.accessToken, endsAt: performance.now() + next.milliseconds };
        await keeper.write(renewed);
        return renewed;
      } catch (error) {
        if (!isAppError(error, 'unauthorized')) throw error;
        // Another process may have refreshed in the meantime, and used up this refresh token.
        if ((await kept()).refreshToken === session.refreshToken) throw signInFirst(error);
      }
    }
  }

  async function renewed(refused: string): Promise<string> {
    refreshing ??= refresh(refused).finally(() => {
      refreshing = undefined;
    });
    return (await refreshing).accessToken;
  }

  async function token(): Promise<string> {
    const { accessToken, expiresAt } = await kept();
    const left =
      fetched?.accessToken === accessToken ? fetched.endsAt - performance.now() : Date.parse(expiresAt) - Date.now();
    return left > spareSeconds * 1000 ? accessToken : await renewed(accessToken);
  }

  async function ask(request: ServerRequest) {
    const withToken = (used: string): ServerRequest => ({
      ...request,
      headers: { ...request.headers, Authorization: `Bearer ${used}` },
    });
    const used = await token();
    try {
      return await http.ask(withToken(used));
    } catch (error) {
      if (!isAppError(error, 'unauthorized')) throw error;
      return await http.ask(withToken(await renewed(used)));
    }
  }

  return {
    http,
    token,
    renewed,
    ask,
    async askFor(schema, request) {
      const { data } = await ask(request);
      return readAnswer(http.host, schema, data);
    },
    async signOut() {
      try {
        await ask({ method: 'DELETE', path: '/api/v1/sessions' });
      } finally {
        await keeper.write();
      }
    },
  };
}

/**
 * The session, with `expiresAt` by this computer's clock, and how long its access token is valid. The clocks of the server and of this
 * computer may differ, so the lifetime is taken from two times of the server.
 */
async function askForSession(http: ServerHttp, path: string, body: unknown) {
  const { data, headers } = await http.ask({ method: 'POST', path, body });
  const session = readAnswer(http.host, sessionSchema, data);
  const lifetime = Date.parse(session.expiresAt) - Date.parse(String(headers['date']));
  // If a proxy has changed the time of the answer, the token is used until the server refuses it.
  const isLikely = lifetime > 2 * spareSeconds * 1000 && lifetime < unknownMilliseconds;
  const milliseconds = isLikely ? lifetime : unknownMilliseconds;
  return { session: { ...session, expiresAt: new Date(Date.now() + milliseconds).toISOString() }, milliseconds };
}
