import { AppError } from '../../shared/errors.ts';
import type { Authentication, Identity } from '../http/authentication.ts';
import type { Clock } from '../ports/clock.ts';
import type { UserRecord, UserStore } from '../ports/user-store.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createUser } from './accounts.ts';
import { limitConcurrency } from './limit-concurrency.ts';
import { createPasswordHashing, type PasswordHashing } from './password-hashing.ts';
import { createSignInLimits } from './sign-in-limits.ts';

export interface AuthParts {
  readonly users: UserStore;
  /** At least 32 bytes each; the first signs, all verify. */
  readonly secrets: readonly string[];
  /** How long a token of `signIn` is good. */
  readonly tokenSeconds: number;
  readonly signUp: 'open' | 'closed';
  readonly clock: Clock;
  readonly hashing?: PasswordHashing;
}

/** Each hash takes 19 MiB: two at a time stay small and leave Node's pool of four threads room for files. Some 5 s of them may wait. */
const hashingAtOnce = { running: 2, waiting: 256 };
/** `credentialsSchema` lets no longer ones through, so nobody has them. */
const maxEmailLength = 254;
const maxPasswordLength = 1024;

/** The auth service, in this process. */
export function createAuth(parts: AuthParts): Authentication {
  const { users, secrets, tokenSeconds, signUp, clock, hashing = createPasswordHashing() } = parts;
  const tokens = createAccessTokens({ secrets, seconds: tokenSeconds, clock });
  const limits = createSignInLimits(clock);
  const turns = limitConcurrency(hashingAtOnce);

  return {
    async signIn({ email: given, password }, client) {
      const attempt = { email: given.trim().toLowerCase(), client };
      if (attempt.email.length > maxEmailLength || password.length > maxPasswordLength) throw wrong();
      return await turns.run(async () => {
        // Within the turn: a thousand guesses sent at once are counted one after the other all the same.
        limits.check(attempt);
        const user = await users.findByEmail(attempt.email);
        if (!(await hashing.matches(user?.passwordHash, password)) || user === undefined) {
          limits.failed(attempt);
          throw wrong();
        }
        limits.succeeded(attempt);
        return await tokens.issue(user);
      });
    },

    async identify(token) {
      const { sub } = await tokens.verify(token);
      const user = await users.get(sub);
      if (user === undefined) throw new AppError('unauthorized', 'The account of this token is gone.');
      return toIdentity(user);
    },

    async createAccount(credentials) {
      if (signUp === 'closed') {
        throw new AppError('forbidden', 'Signing up is closed here; ask whoever runs this server for an account.');
      }
      const user = await turns.run(() => createUser({ ...credentials, admin: false }, { users, hashing, clock }));
      return toIdentity(user);
    },
  };
}

/** The account as it is now, not as it was when the token was made. */
function toIdentity({ id, email, admin }: UserRecord): Identity {
  return { accountId: id, email, admin };
}

function wrong(): AppError {
  return new AppError('unauthorized', 'The e-mail address or the password is wrong.');
}
