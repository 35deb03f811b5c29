import { randomUUID } from 'node:crypto';
import type { Session } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionRecord, SessionStore, UsedToken } from '../ports/session-store.ts';
import type { UserRecord, UserStore } from '../ports/user-store.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { RefreshTokens } from './refresh-tokens.ts';

/** API.md. */
const accessTokenSeconds = 15 * 60;
/** A client that was away for longer signs in again. */
const idleSessionSeconds = 60 * 24 * 3600;
/** API.md: an answer may have been lost, so a token that was just used gives a fresh pair. */
const graceSeconds = 60;
/** Tokens that were given out beside each other, of which no answer may ever have arrived; the oldest is given up. */
const maxUnused = 16;

export interface SessionsParts {
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
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
  const { sessions, users, accessTokens, refreshTokens, clock } = parts;

  const inSeconds = (seconds: number): string => new Date(clock.now().getTime() + seconds * 1000).toISOString();

  async function pair(user: UserRecord, sessionId: string, number: number): Promise<Session> {
    return {
      accessToken: await accessTokens.issue(user, sessionId, accessTokenSeconds),
      expiresAt: inSeconds(accessTokenSeconds),
      refreshToken: refreshTokens.write({ sessionId, number }),
    };
  }

  function isGoingOn(session: SessionRecord | undefined): session is SessionRecord {
    return session !== undefined && Date.parse(session.endsAt) > clock.now().getTime();
  }

  return {
    async startOnce(user, seconds) {
      const session = { id: randomUUID(), userId: user.id, next: 1, unused: [], used: [], endsAt: inSeconds(seconds) };
      await sessions.insert(session);
      return await accessTokens.issue(user, session.id, seconds);
    },

    async start(user) {
      const endsAt = inSeconds(idleSessionSeconds);
      const session = { id: randomUUID(), userId: user.id, next: 2, unused: [1], used: [], endsAt };
      await sessions.insert(session);
      return await pair(user, session.id, 1);
    },

    async refresh(text) {
      const token = refreshTokens.read(text);
      if (token === undefined) throw ended();
      for (;;) {
        const session = await sessions.get(token.sessionId);
        const user = isGoingOn(session) ? await users.get(session.userId) : undefined;
        if (!isGoingOn(session) || user === undefined) throw ended();
        const used = usedWith(session, token.number, clock.now());
        if (used === undefined) {
          // Whoever used it before may have been a thief, or this one is: neither goes on.
          await sessions.remove(session.id);
          throw ended();
        }
        const unused = session.unused.filter((number) => number !== token.number);
        const next: SessionRecord = {
          ...session,
          next: session.next + 1,
          unused: [...unused, session.next].slice(-maxUnused),
          used,
          endsAt: inSeconds(idleSessionSeconds),
        };
        if (await sessions.replace(next, session.next)) return await pair(user, session.id, session.next);
      }
    },

    async isThere(id, userId) {
      const session = await sessions.get(id);
      return isGoingOn(session) && session.userId === userId;
    },
  };
}

/** The tokens that were used within the grace, this one among them; undefined when it may not be used any more. */
function usedWith(session: SessionRecord, number: number, now: Date): readonly UsedToken[] | undefined {
  const recent = session.used.filter(({ at }) => now.getTime() - Date.parse(at) <= graceSeconds * 1000);
  if (session.unused.includes(number)) return [...recent, { number, at: now.toISOString() }];
  return recent.some((one) => one.number === number) ? recent : undefined;
}

function ended(): AppError {
  return new AppError('unauthorized', 'The session has ended; sign in again.');
}
