import { randomUUID } from 'node:crypto';
import type { Account, Credentials } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionStore } from '../ports/session-store.ts';
import type { UserRecord, UserStore } from '../ports/user-store.ts';
import type { PasswordHashing } from './password-hashing.ts';

export interface AccountsParts {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly hashing: PasswordHashing;
  readonly clock: Clock;
}

/** Makes an account. The credentials must have passed `credentialsSchema`. Throws `taken`. */
export async function createUser(
  { email, password, ...facts }: Credentials & Pick<UserRecord, 'admin' | 'confirmed'>,
  { users, hashing, clock }: Omit<AccountsParts, 'sessions'>,
): Promise<UserRecord> {
  // Saves a hash, which is expensive. The insert below decides.
  if ((await users.findByEmail(email)) !== undefined) throw taken();
  const user: UserRecord = {
    id: randomUUID(),
    email,
    passwordHash: await hashing.hash(password),
    mail: true,
    ...facts,
    createdAt: clock.now().toISOString(),
  };
  try {
    await users.insert(user);
  } catch (error) {
    throw isAppError(error, 'taken') ? taken(error) : error;
  }
  return user;
}

/** Sets a new password and ends every session except `exceptSession`. Throws `not_found`. */
export async function setPassword(
  userId: string,
  password: string,
  { users, sessions, hashing }: Omit<AccountsParts, 'clock'>,
  exceptSession?: string,
): Promise<void> {
  const changed = await users.update(userId, { passwordHash: await hashing.hash(password) });
  if (!changed) throw new AppError('not_found', 'There is no such account.');
  await sessions.removeAllOf(userId, exceptSession);
}

/** The account as its owner sees it. */
export function toAccount({ email, admin, confirmed, mail }: UserRecord): Account {
  return { email, admin, confirmed, mail };
}

function taken(cause?: unknown): AppError {
  return new AppError(
    'taken',
    'There is an account with this e-mail address already.',
    cause === undefined ? {} : { cause },
  );
}
