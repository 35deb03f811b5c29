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

const accessTokenSeconds = 15 * 60;
/** A client that was away for longer must sign in again. */
const idleSessionSeconds = 60 * 24 * 3600;
/** The answer to a refresh may have been lost, so for this long a used token still gives a fresh pair. */
const graceSeconds = 60;
/** How many unused tokens a session keeps: answers may have been lost. Beyond that the oldest becomes invalid. */
const maxUnused = 32;
/** How many tokens used within the grace it keeps. */
const maxUsed = 64;

export interface SessionsParts {
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly accessTokens: AccessTokens;
  readonly clock: Clock;
}

/** Sessions of people who are signed in. A token is valid only while its session exists. */
export interface Sessions {
  /** Starts a session for a script, which ends with its only token. */
  startOnce(user: UserRecord, seconds: number): Promise<string>;
  start(user: UserRecord): Promise<Session>;
  /** Throws `unauthorized`. */
  refresh(refreshToken: string): Promise<Session>;
  /** Whether the session exists, has not expired and is this account's. */
  isThere(id: string, userId: string): Promise<boolean>;
}

export function createSessions(parts: SessionsParts): Sessions {
  const { sessions, users, accessTokens, clock } = parts;

  const inSeconds = (seconds: number): string => new Date(clock.now().getTime() + seconds * 1000).toISOString();

  async function pair(user: UserRecord, token: RefreshToken): Promise<Session> {
    return {
      accessToken: await accessTokens.issue(user, token.sessionId, accessTokenSeconds),
      // Tokens hold whole seconds. Rounded down, so that this is never after the token's end.
      expiresAt: new Date((Math.floor(clock.now().getTime() / 1000) + accessTokenSeconds) * 1000).toISOString(),
      refreshToken: writeRefreshToken(token),
    };
  }

  /** A new password ends the sessions that exist. This keeps a sign-in with the old one from adding a session after that. */
  async function insert(session: SessionRecord, user: UserRecord): Promise<void> {
    await sessions.insert(session);
    const now = await users.get(user.id);
    if (now?.passwordHash === user.passwordHash) return;
    await sessions.remove(session.id);
    throw new AppError('unauthorized', 'The password was changed a moment ago. Sign in again.');
  }

  function isValid(session: SessionRecord | undefined): session is SessionRecord {
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
        if (!isValid(session) || session.tokens === undefined) throw ended();
        if (!isHashOf(session.tokens.family, token.family)) throw ended();
        const user = await users.get(session.userId);
        if (user === undefined) throw ended();
        const left = useToken(session.tokens, hashOf(token.secret), clock.now());
        if (left === undefined) {
          // One of the two who used this token is a thief, so the session ends for both.
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
      return isValid(session) && session.userId === userId;
    },
  };
}

/** The session's tokens after this one is used; undefined when it may not be used. */
function useToken(tokens: SessionTokens, hash: string, now: Date): SessionTokens | undefined {
  const recent = tokens.used.filter(({ at }) => now.getTime() - Date.parse(at) <= graceSeconds * 1000);
  if (tokens.unused.includes(hash)) {
    const unused = tokens.unused.filter((one) => one !== hash);
    return { ...tokens, unused, used: [...recent, { hash, at: now.toISOString() }].slice(-maxUsed) };
  }
  return recent.some((one) => one.hash === hash) ? { ...tokens, used: recent } : undefined;
}

function ended(): AppError {
  return new AppError('unauthorized', 'The session has ended. Sign in again.');
}
