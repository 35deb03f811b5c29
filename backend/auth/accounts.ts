import { randomUUID } from 'node:crypto';
import type { Credentials } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { UserRecord, UserStore } from '../ports/user-store.ts';
import type { PasswordHashing } from './password-hashing.ts';

export interface AccountsParts {
  readonly users: UserStore;
  readonly hashing: PasswordHashing;
  readonly clock: Clock;
}

/** Makes an account. `credentials` are those that `credentialsSchema` let through. Throws `taken`. */
export async function createUser(
  credentials: Credentials & { readonly admin: boolean },
  { users, hashing, clock }: AccountsParts,
): Promise<UserRecord> {
  const { email, password, admin } = credentials;
  // Hashing is dear; the store has the last word all the same.
  if ((await users.findByEmail(email)) !== undefined) throw taken();
  const user: UserRecord = {
    id: randomUUID(),
    email,
    passwordHash: await hashing.hash(password),
    admin,
    createdAt: clock.now().toISOString(),
  };
  try {
    await users.insert(user);
  } catch (error) {
    throw isAppError(error, 'taken') ? taken(error) : error;
  }
  return user;
}

/** Throws `not_found`. */
export async function changePassword(
  { email, password }: Credentials,
  { users, hashing }: Omit<AccountsParts, 'clock'>,
): Promise<void> {
  const user = await users.findByEmail(email);
  const changed = user !== undefined && (await users.setPasswordHash(user.id, await hashing.hash(password)));
  if (!changed) throw new AppError('not_found', 'There is no account with this e-mail address.');
}

function taken(cause?: unknown): AppError {
  return new AppError(
    'taken',
    'There is an account with this e-mail address already.',
    cause === undefined ? {} : { cause },
  );
}
