import type { Logger } from 'pino';
import { AppError } from '../../shared/errors.ts';
import { type Authentication, signUpClosed } from '../http/authentication.ts';
import type { CodeStore } from '../ports/code-store.ts';
import { type AccountsParts, createUser, toAccount } from './accounts.ts';
import type { CodeSender } from './code-sender.ts';
import { type Codes, codePauseSeconds, wrongCode } from './codes.ts';
import type { HashingTurns } from './hashing-turns.ts';
import type { SignInLimits } from './sign-in-limits.ts';
import type { SignedInUser } from './signed-in-user.ts';

/** The part of auth that makes, changes and removes a person's own account. */
export type OwnAccount = Pick<
  Authentication,
  'createAccount' | 'account' | 'changeAccount' | 'sendConfirmation' | 'confirm' | 'mailAddress' | 'removeAccount'
>;

export interface OwnAccountParts {
  readonly accounts: AccountsParts;
  readonly codeStore: CodeStore;
  readonly codes: Codes;
  readonly codeSender: CodeSender;
  readonly signedInUser: SignedInUser;
  readonly limits: SignInLimits;
  readonly hashingTurns: HashingTurns;
  readonly signUp: 'open' | 'closed';
  readonly log: Logger;
}

export function createOwnAccount(parts: OwnAccountParts): OwnAccount {
  const { accounts, codeStore, codes, codeSender, signedInUser, limits, hashingTurns, signUp, log } = parts;
  const { users, sessions } = accounts;

  return {
    async createAccount(credentials, client) {
      if (signUp === 'closed') throw signUpClosed();
      // Before anything else: the answer says whether the address has an account.
      await limits.signUp(client);
      const user = await hashingTurns.run({ client, isSignUp: true }, () =>
        createUser({ ...credentials, admin: false, confirmed: false }, accounts),
      );
      await limits.remember({ client, email: user.email }).catch((error: unknown) => {
        log.warn({ err: error }, 'could not remember the client of a new account');
      });
      await codeSender.send(user, 'confirm').catch((error: unknown) => {
        // The account exists; its owner can request another code.
        log.error({ err: error }, 'could not make a code for a new account');
      });
      return toAccount(user);
    },

    async account(identity) {
      return toAccount(await signedInUser(identity));
    },

    async changeAccount(identity, { mail: isWanted }) {
      const user = await signedInUser(identity);
      await users.update(user.id, { mail: isWanted });
      return toAccount({ ...user, mail: isWanted });
    },

    async sendConfirmation(identity, client) {
      const user = await signedInUser(identity);
      if (user.confirmed) return;
      if (!codeSender.canMail) throw new AppError('wrong_state', 'This server does not send e-mail.');
      await limits.askForMail({ email: user.email, client });
      if (await codeSender.send(user, 'confirm')) return;
      throw new AppError('too_many', 'A code was e-mailed a moment ago. Wait a little before asking for another one.', {
        details: { retryAfterSeconds: codePauseSeconds },
      });
    },

    async confirm(identity, code) {
      const user = await signedInUser(identity);
      if (user.confirmed) return toAccount(user);
      const isRight = await limits.guessInSession(
        identity.sessionId,
        async () => (await codes.redeem(user.id, 'confirm', code)) || undefined,
      );
      if (!isRight) throw wrongCode();
      await users.update(user.id, { confirmed: true });
      return toAccount({ ...user, confirmed: true });
    },

    async mailAddress(accountId) {
      const user = await users.get(accountId);
      return user?.confirmed && user.mail ? user.email : undefined;
    },

    async removeAccount(identity) {
      const { id: accountId } = await signedInUser(identity);
      // The account first: without it, none of its tokens is valid.
      await users.remove(accountId);
      await sessions.removeAllOf(accountId);
      await codeStore.removeAllOf(accountId);
    },
  };
}
