import type { Logger } from 'pino';
import { hashingLimits } from '../client-limits.ts';
import type { Config } from '../config.ts';
import type { Authentication } from '../http/authentication.ts';
import type { Clock } from '../ports/clock.ts';
import type { CodeStore } from '../ports/code-store.ts';
import type { RateLimit } from '../ports/rate-limit.ts';
import type { SessionStore } from '../ports/session-store.ts';
import type { UserStore } from '../ports/user-store.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createBackground } from './background.ts';
import { type AuthMail, createCodeSender } from './code-sender.ts';
import { createCodes } from './codes.ts';
import { createHashingTurns } from './hashing-turns.ts';
import { createOwnAccount } from './own-account.ts';
import { createOwnPassword } from './own-password.ts';
import { createPasswordHashing, type PasswordHashing } from './password-hashing.ts';
import { createSessions } from './sessions.ts';
import { createSignInLimits } from './sign-in-limits.ts';
import { createSignIns } from './sign-ins.ts';
import { createSignedInUser } from './signed-in-user.ts';

/** `loginTokenSeconds` is how long a token from `signIn` is valid. */
export type AuthSettings = Pick<Config, 'loginTokenSeconds' | 'signUp'>;

export interface AuthParts extends AuthSettings {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
  readonly rateLimit: RateLimit;
  /** At least 32 bytes each; the first signs, all verify. */
  readonly secrets: readonly string[];
  /** Left out if this server cannot mail. */
  readonly mail?: AuthMail;
  readonly clock: Clock;
  readonly log: Logger;
  readonly hashing?: PasswordHashing;
}

/** Disposing of it finishes the work that goes on after calls have been answered: mails with codes. */
export interface Auth extends Authentication, AsyncDisposable {}

/** The auth service, in this process. */
export function createAuth(parts: AuthParts): Auth {
  const { users, secrets, clock, hashing = createPasswordHashing() } = parts;
  const accessTokens = createAccessTokens({ secrets, clock });
  const sessions = createSessions({ ...parts, accessTokens });
  const codes = createCodes(parts);
  const background = createBackground(parts.log);
  const shared = {
    ...parts,
    accounts: { users, sessions: parts.sessions, hashing, clock },
    sessionStore: parts.sessions,
    codeStore: parts.codes,
    accessTokens,
    sessions,
    codes,
    codeSender: createCodeSender({ ...parts, codes, background }),
    signedInUser: createSignedInUser({ users, sessions }),
    limits: createSignInLimits(parts.rateLimit),
    background,
    hashing,
    hashingTurns: createHashingTurns(hashingLimits),
  };
  return {
    ...createSignIns(shared),
    ...createOwnAccount(shared),
    ...createOwnPassword(shared),
    [Symbol.asyncDispose]: () => background.stop(),
  };
}
