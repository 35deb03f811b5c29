import { AppError } from '../../shared/errors.ts';
import type { Identity } from '../http/authentication.ts';
import type { UserRecord, UserStore } from '../ports/user-store.ts';
import type { Sessions } from './sessions.ts';

/** Reads the account of a signed-in client. Throws `unauthorized` when its session has ended or its account is gone. */
export type SignedInUser = (identity: Pick<Identity, 'accountId' | 'sessionId'>) => Promise<UserRecord>;

export interface SignedInUserParts {
  readonly users: UserStore;
  readonly sessions: Pick<Sessions, 'isThere'>;
}

export function createSignedInUser({ users, sessions }: SignedInUserParts): SignedInUser {
  // Reads the session and the account again for each call: either may have gone since the token was checked.
  return async ({ accountId, sessionId }) => {
    if (!(await sessions.isThere(sessionId, accountId))) {
      throw new AppError('unauthorized', 'The session of this token has ended.');
    }
    const user = await users.get(accountId);
    if (user === undefined) throw new AppError('unauthorized', 'The account of this token is gone.');
    return user;
  };
}
