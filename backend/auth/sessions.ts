import { randomUUID } from 'node:crypto';
import type { Session } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionRecord, SessionStore, SessionTokens } from '../ports/session-store.ts';
import type { UserRecord, UserStore } from '../ports/user-store.ts';
import type { AccessTokens } from './access-tokens.ts';
import {
  hashOf,
  isHashOf,
  newFamily,
  newRefreshToken,
  type RefreshToken,
  readRefreshToken,
  writeRefreshToken,
} from './refresh-tokens.ts';

/** API.md. */
const accessTokenSeconds = 15 * 60;
/** A client that was away for longer signs in again. */
const idleSessionSeconds = 60 * 24 * 3600;
/** API.md: an answer may have been lost, so a token that was just used gives a fresh pair. */
const graceSeconds = 60;
/** Tokens that were given out beside each other, of which no answer may ever have arrived; the oldest is given up. */
const maxUnused = 32;
/** The same for those that were used within the grace. */
const maxUsed = 64;

export interface SessionsParts {
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly accessTokens: AccessTokens;
  readonly clock: Clock;
}

/** Everyone who is signed in. A token is good as long as its session is there. */
export interface Sessions {
  /** One that ends with its token, for scripts. */
  startOnce(user: UserRecord, seconds: number): Promise<string>;
  start(user: UserRecord): Promise<Session>;
  /** Throws `unauthorized`. */
  refresh(refreshToken: string): Promise<Session>;
  /** Whether that account's session goes on. */
  isThere(id: string, userId: string): Promise<boolean>;
}

export function createSessions(parts: SessionsParts): Sessions {
  const { sessions, users, accessTokens, clock } = parts;

  const inSeconds = (seconds: number): string => new Date(clock.now().getTime() + seconds * 1000).toISOString();

  async function pair(user: UserRecord, token: RefreshToken): Promise<Session> {
    return {
      accessToken: await accessTokens.issue(user, token.sessionId, accessTokenSeconds),
      // A token tells whole seconds: never later than it ends.
      expiresAt: new Date((Math.floor(clock.now().getTime() / 1000) + accessTokenSeconds) * 1000).toISOString(),
      refreshToken: writeRefreshToken(token),
    };
  }

  /** Whoever sets a new password ends the sessions that are there; one that was begun with the old password must not come after. */
  async function insert(session: SessionRecord, user: UserRecord): Promise<void> {
    await sessions.insert(session);
    const now = await users.get(user.id);
    if (now?.passwordHash === user.passwordHash) return;
    await sessions.remove(session.id);
    throw new AppError('unauthorized', 'The password was changed a moment ago; sign in again.');
  }

  function isGoingOn(session: SessionRecord | undefined): session is SessionRecord {
    return session !== undefined && Date.parse(session.endsAt) > clock.now().getTime();
  }

  return {
    async startOnce(user, seconds) {
      const session = { id: randomUUID(), userId: user.id, revision: 1, endsAt: inSeconds(seconds) };
      await insert(session, user);
      return await accessTokens.issue(user, session.id, seconds);
    },

    async start(user) {
      const token = newRefreshToken(randomUUID(), newFamily());
      const tokens = { family: hashOf(token.family), unused: [hashOf(token.secret)], used: [] };
      const endsAt = inSeconds(idleSessionSeconds);
      await insert({ id: token.sessionId, userId: user.id, revision: 1, tokens, endsAt }, user);
      return await pair(user, token);
    },

    async refresh(text) {
      const token = readRefreshToken(text);
      if (token === undefined) throw ended();
      for (;;) {
        const session = await sessions.get(token.sessionId);
        if (!isGoingOn(session) || session.tokens === undefined) throw ended();
        if (!isHashOf(session.tokens.family, token.family)) throw ended();
        const user = await users.get(session.userId);
        if (user === undefined) throw ended();
        const left = useToken(session.tokens, hashOf(token.secret), clock.now());
        if (left === undefined) {
          // Whoever used it before may have been a thief, or this one is: neither goes on.
          await sessions.remove(session.id);
          throw ended();
        }
        const fresh = newRefreshToken(session.id, token.family);
        const next: SessionRecord = {
          ...session,
          revision: session.revision + 1,
          tokens: { ...left, unused: [...left.unused, hashOf(fresh.secret)].slice(-maxUnused) },
          endsAt: inSeconds(idleSessionSeconds),
        };
        if (await sessions.replace(next, session.revision)) return await pair(user, fresh);
      }
    },

    async isThere(id, userId) {
      const session = await sessions.get(id);
      return isGoingOn(session) && session.userId === userId;
    },
  };
}

/** What is left once the token is used; undefined when it may not be used any more. */
function useToken(tokens: SessionTokens, hash: string, now: Date): SessionTokens | undefined {
  const recent = tokens.used.filter(({ at }) => now.getTime() - Date.parse(at) <= graceSeconds * 1000);
  if (tokens.unused.includes(hash)) {
    const unused = tokens.unused.filter((one) => one !== hash);
    return { ...tokens, unused, used: [...recent, { hash, at: now.toISOString() }].slice(-maxUsed) };
  }
  return recent.some((one) => one.hash === hash) ? { ...tokens, used: recent } : undefined;
}

function ended(): AppError {
  return new AppError('unauthorized', 'The session has ended; sign in again.');
}
