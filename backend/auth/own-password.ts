import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../shared/errors.ts';
import type { Authentication, Identity } from '../http/authentication.ts';
import type { UserRecord } from '../ports/user-store.ts';
import { type AccountsParts, setPassword } from './accounts.ts';
import type { Background } from './background.ts';
import type { CodeSender } from './code-sender.ts';
import { type Codes, wrongCode } from './codes.ts';
import type { HashingTurns } from './hashing-turns.ts';
import type { SignInLimits } from './sign-in-limits.ts';
import type { SignedInUser } from './signed-in-user.ts';

/**
 * A reset code is made this long after the answer to its request, at random, so that the server's response times do not show
 * whether the address has an account.
 */
const resetDelayMilliseconds = [20, 200] as const;

/** The part of auth that checks, changes and resets a person's own password. */
export type OwnPassword = Pick<Authentication, 'changePassword' | 'requestReset' | 'confirmReset' | 'checkPassword'>;

export interface OwnPasswordParts {
  readonly accounts: AccountsParts;
  readonly codes: Codes;
  readonly codeSender: CodeSender;
  readonly signedInUser: SignedInUser;
  readonly limits: SignInLimits;
  readonly hashingTurns: HashingTurns;
  readonly background: Background;
}

export function createOwnPassword(parts: OwnPasswordParts): OwnPassword {
  const { accounts, codes, codeSender, signedInUser, limits, hashingTurns, background } = parts;
  const { users, hashing } = accounts;

  async function check({ sessionId }: Identity, user: UserRecord, password: string, client: string): Promise<void> {
    const isRight = await hashingTurns.run({ client }, () =>
      limits.guessInSession(sessionId, async () => (await hashing.matches(user.passwordHash, password)) || undefined),
    );
    if (!isRight) throw new AppError('forbidden', 'The password is wrong.');
  }

  async function sendReset(email: string): Promise<void> {
    const user = await users.findByEmail(email);
    // An address that nobody has confirmed gets its first code and nothing else.
    if (user?.confirmed) await codeSender.send(user, 'reset');
  }

  return {
    async changePassword(identity, change, client) {
      await check(identity, await signedInUser(identity), change.old, client);
      await hashingTurns.run({ client }, () =>
        setPassword(identity.accountId, change.new, accounts, identity.sessionId),
      );
    },

    async requestReset(email, client) {
      await limits.askForMail({ email, client });
      // After the answer, whose time must not show who has an account.
      background.start('could not make a code for a new password', async () => {
        await delay(randomInt(...resetDelayMilliseconds));
        await sendReset(email);
      });
    },

    async confirmReset({ email, password, code }, client) {
      return await hashingTurns.run({ client }, async () => {
        const user = await limits.guess({ email, client }, async () => {
          const claimed = await users.findByEmail(email);
          return claimed !== undefined && (await codes.redeem(claimed.id, 'reset', code)) ? claimed : undefined;
        });
        if (user === undefined) throw wrongCode();
        await setPassword(user.id, password, accounts);
        return user.id;
      });
    },

    async checkPassword(identity, password, client) {
      await check(identity, await signedInUser(identity), password, client);
    },
  };
}
