import type { Logger } from 'pino';
import type { Credentials } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { Authentication } from '../http/authentication.ts';
import type { Clock } from '../ports/clock.ts';
import type { CodeStore } from '../ports/code-store.ts';
import type { SessionStore } from '../ports/session-store.ts';
import { createSettledTime } from '../ports/settled-time.ts';
import type { UserRecord, UserStore } from '../ports/user-store.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { HashingTurns } from './hashing-turns.ts';
import type { PasswordHashing } from './password-hashing.ts';
import type { Sessions } from './sessions.ts';
import type { SignInLimits } from './sign-in-limits.ts';
import type { SignedInUser } from './signed-in-user.ts';

/** `credentialsSchema` allows no longer ones, so no account has them. */
const maxEmailLength = 254;
const maxPasswordLength = 1024;
/** Expired sessions and codes are removed on a sign-in, at most this often. */
const tidyEverySeconds = 3600;

/** The part of auth that signs clients in and recognises their tokens. */
export type SignIns = Pick<Authentication, 'signIn' | 'identify' | 'startSession' | 'refreshSession' | 'endSession'>;

export interface SignInsParts {
  readonly users: UserStore;
  readonly sessionStore: SessionStore;
  readonly codeStore: CodeStore;
  readonly sessions: Sessions;
  readonly accessTokens: AccessTokens;
  readonly signedInUser: SignedInUser;
  readonly limits: SignInLimits;
  readonly hashing: PasswordHashing;
  readonly hashingTurns: HashingTurns;
  /** How long a token from `signIn` is valid. */
  readonly loginTokenSeconds: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createSignIns(parts: SignInsParts): SignIns {
  const { users, sessionStore, codeStore, sessions, accessTokens, signedInUser } = parts;
  const { limits, hashing, hashingTurns, loginTokenSeconds, clock, log } = parts;
  const settled = createSettledTime(clock);
  let tidiedAt = Number.NEGATIVE_INFINITY;

  async function checkCredentials({ email: given, password }: Credentials, client: string): Promise<UserRecord> {
    const attempt = { email: given.trim().toLowerCase(), client };
    if (attempt.email.length > maxEmailLength || password.length > maxPasswordLength) throw wrongCredentials();
    // The limit is applied inside the turn: a right password that is still waiting must not count as a guess.
    const found = await hashingTurns.run(attempt, () =>
      limits.guess(attempt, async () => {
        const user = await users.findByEmail(attempt.email);
        return (await hashing.matches(user?.passwordHash, password)) ? user : undefined;
      }),
    );
    if (found === undefined) throw wrongCredentials();
    tidy();
    return found;
  }

  function tidy(): void {
    if (clock.monotonicSeconds() - tidiedAt < tidyEverySeconds) return;
    tidiedAt = clock.monotonicSeconds();
    const before = settled.read()?.toISOString();
    if (before === undefined) return;
    Promise.all([sessionStore.removeEnded(before), codeStore.removeEnded(before)]).catch((error: unknown) =>
      log.warn({ err: error }, 'could not remove expired sessions and codes'),
    );
  }

  return {
    async signIn(credentials, client) {
      return await sessions.startOnce(await checkCredentials(credentials, client), loginTokenSeconds);
    },

    async identify(token) {
      const { sub, sid, exp } = await accessTokens.verify(token);
      const user = await signedInUser({ accountId: sub, sessionId: sid });
      // From the account as it is now: the token's own claims may be out of date.
      const secondsLeft = exp - clock.now().getTime() / 1000;
      return { accountId: user.id, email: user.email, admin: user.admin, sessionId: sid, secondsLeft };
    },

    async startSession(credentials, client) {
      return await sessions.start(await checkCredentials(credentials, client));
    },

    refreshSession: (refreshToken) => sessions.refresh(refreshToken),

    async endSession({ sessionId }) {
      await sessionStore.remove(sessionId);
    },
  };
}

function wrongCredentials(): AppError {
  return new AppError('unauthorized', sayShared('failWrongPassword'));
}
