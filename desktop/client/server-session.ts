import type { z } from 'zod';
import { type Credentials, type Session, sessionSchema } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { readAnswer, type ServerHttp, type ServerRequest } from './server-http.ts';

/** What is kept of a sign-in, to stay signed in. */
export interface KeptSession extends Session {
  /** Of the account, for whoever is asked to sign in again. */
  readonly email: string;
  /** When somebody signed in: ISO 8601, UTC. */
  readonly signedInAt: string;
}

/** Where a sign-in is kept; several processes may have the same one. */
export interface SessionKeeper {
  read(): Promise<KeptSession | undefined>;
  /** Without a session: forgets it. */
  write(session?: KeptSession): Promise<void>;
}

/** For a sign-in that is to end with this process. */
export function keepInMemory(session?: KeptSession): SessionKeeper {
  let kept = session;
  return {
    read: async () => kept,
    async write(next) {
      kept = next;
    },
  };
}

/** One account's requests to one server. */
export interface ServerSession {
  readonly http: ServerHttp;
  /** A token that is good for a while. Throws `unauthorized` when one has to sign in. */
  token(): Promise<string>;
  /** Another one, after the server has refused `refused`. */
  renewed(refused: string): Promise<string>;
  /** Asks with the token, and once more with a new one where that is refused. Throws as `ServerHttp.ask` does. */
  ask(request: ServerRequest): Promise<{ readonly data: unknown; readonly headers: Readonly<Record<string, unknown>> }>;
  /** The same, for an answer in JSON. */
  askFor<Schema extends z.ZodType>(schema: Schema, request: ServerRequest): Promise<z.output<Schema>>;
  /** Ends the session on the server, and forgets it here even where the server cannot be reached. */
  signOut(): Promise<void>;
}

/** A token that ends this soon is not worth sending. */
const spareSeconds = 60;

/** Signs in and keeps the session. Throws `unauthorized`, `too_many`, and as `ServerHttp.ask` does. */
export async function signIn(http: ServerHttp, { email, password }: Credentials, keeper: SessionKeeper): Promise<void> {
  const session = await askForSession(http, '/api/v1/sessions', { email, password });
  await keeper.write({ ...session, email, signedInAt: new Date().toISOString() });
}

/** The session that `keeper` keeps. `onSignedOut` is called whenever it turns out that somebody has to sign in. */
export function openServerSession(
  http: ServerHttp,
  keeper: SessionKeeper,
  onSignedOut: () => void = () => {},
): ServerSession {
  /** One refresh at a time: whoever else needs one waits for the same. */
  let refreshing: Promise<KeptSession> | undefined;

  async function kept(): Promise<KeptSession> {
    const session = await keeper.read();
    if (session === undefined) throw signInFirst();
    return session;
  }

  function signInFirst(cause?: unknown): AppError {
    onSignedOut();
    const sentence = `You are not signed in to ${http.host}.`;
    return new AppError('unauthorized', sentence, cause === undefined ? {} : { cause });
  }

  /** The next session after the one whose access token is `old`. Another process may have fetched it already. */
  async function refresh(old: string): Promise<KeptSession> {
    for (;;) {
      const session = await kept();
      if (session.accessToken !== old) return session;
      try {
        const next = await askForSession(http, '/api/v1/sessions/refresh', { refreshToken: session.refreshToken });
        const renewed = { ...session, ...next };
        await keeper.write(renewed);
        return renewed;
      } catch (error) {
        if (!isAppError(error, 'unauthorized')) throw error;
        // Another process may have been faster all the same, and the token was too old by then.
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
    return Date.parse(expiresAt) - Date.now() > spareSeconds * 1000 ? accessToken : await renewed(accessToken);
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

async function askForSession(http: ServerHttp, path: string, body: unknown): Promise<Session> {
  const { data } = await http.ask({ method: 'POST', path, body });
  return readAnswer(http.host, sessionSchema, data);
}
