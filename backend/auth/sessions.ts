import { randomUUID } from 'node:crypto';
import type { Session } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionRecord, SessionStore, SessionTokens, UsedToken } from '../ports/session-store.ts';
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
/** One token gives a process at most this many pairs within the grace, so that none of them pushes out another that is in use. */
const maxPairsOfToken = maxUnused / 2;

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
  const usedHere = rememberUses(clock);

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
      const hash = hashOf(token.secret);
      for (;;) {
        const session = await sessions.get(token.sessionId);
        if (!isValid(session) || session.tokens === undefined) throw ended();
        if (!isHashOf(session.tokens.family, token.family)) throw ended();
        const user = await users.get(session.userId);
        if (user === undefined) throw ended();
        const now = clock.now();
        const isRecent = (used: UsedToken): boolean =>
          usedHere.isRecent(used.hash) || Math.abs(now.getTime() - Date.parse(used.at)) <= graceSeconds * 1000;
        if (usedHere.times(hash) >= maxPairsOfToken) throw usedTooOften();
        const left = useToken(session.tokens, { hash, at: now.toISOString() }, isRecent);
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
          endsAt: later(session.endsAt, inSeconds(idleSessionSeconds)),
        };
        if (!(await sessions.replace(next, session.revision))) continue;
        usedHere.note(hash);
        return await pair(user, fresh);
      }
    },

    async isThere(id, userId) {
      const session = await sessions.get(id);
      return isValid(session) && session.userId === userId;
    },
  };
}

/** The session's tokens after `use`; undefined when that token may not be used. */
function useToken(
  tokens: SessionTokens,
  use: UsedToken,
  isRecent: (used: UsedToken) => boolean,
): SessionTokens | undefined {
  const recent = tokens.used.filter(isRecent);
  if (tokens.unused.includes(use.hash)) {
    const unused = tokens.unused.filter((one) => one !== use.hash);
    return { ...tokens, unused, used: [...recent, use].slice(-maxUsed) };
  }
  return recent.some(({ hash }) => hash === use.hash) ? { ...tokens, used: recent } : undefined;
}

/**
 * The tokens that were used in this process within the grace, by the monotonic clock: if the wall clock jumps forward, a client whose
 * answer was lost must not be taken for a thief.
 */
function rememberUses(clock: Clock) {
  /** By hash, the oldest first. `at` is the time of the first use. */
  const uses = new Map<string, { readonly at: number; readonly times: number }>();
  function forgetOld(): void {
    for (const [hash, { at }] of uses) {
      if (clock.monotonicSeconds() - at <= graceSeconds) break;
      uses.delete(hash);
    }
  }
  function times(hash: string): number {
    forgetOld();
    return uses.get(hash)?.times ?? 0;
  }
  return {
    note(hash: string): void {
      const before = times(hash);
      uses.set(hash, { at: uses.get(hash)?.at ?? clock.monotonicSeconds(), times: before + 1 });
    },
    times,
    isRecent: (hash: string): boolean => times(hash) > 0,
  };
}

/** A session does not become shorter because the clock was put back. */
function later(one: string, other: string): string {
  return one > other ? one : other;
}

function usedTooOften(): AppError {
  return new AppError('too_many', 'The session was renewed too often. Wait a minute before the next try.', {
    details: { retryAfterSeconds: graceSeconds },
  });
}

function ended(): AppError {
  return new AppError('unauthorized', 'The session has ended. Sign in again.');
}
