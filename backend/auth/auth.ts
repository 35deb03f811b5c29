import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import type { Credentials } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { Authentication, Identity } from '../http/authentication.ts';
import type { Clock } from '../ports/clock.ts';
import type { CodePurpose, CodeStore } from '../ports/code-store.ts';
import type { Mailer } from '../ports/mailer.ts';
import type { RateLimit } from '../ports/rate-limit.ts';
import type { SessionStore } from '../ports/session-store.ts';
import type { UserRecord, UserStore } from '../ports/user-store.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createUser, setPassword, toAccount } from './accounts.ts';
import { sendInBackground } from './background-mail.ts';
import { codeMail } from './code-mail.ts';
import { codePauseSeconds, createCodes } from './codes.ts';
import { limitConcurrency } from './limit-concurrency.ts';
import { createPasswordHashing, type PasswordHashing } from './password-hashing.ts';
import { createSessions } from './sessions.ts';
import { createSignInLimits } from './sign-in-limits.ts';

export interface AuthParts {
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
  readonly rateLimit: RateLimit;
  /** At least 32 bytes each; the first signs, all verify. */
  readonly secrets: readonly string[];
  /** How long a token from `signIn` is valid. */
  readonly loginTokenSeconds: number;
  readonly signUp: 'open' | 'closed';
  /** Left out if this server cannot mail. */
  readonly mail?: AuthMail;
  readonly clock: Clock;
  readonly log: Logger;
  readonly hashing?: PasswordHashing;
}

export interface AuthMail {
  readonly mailer: Mailer;
  /** The server's name in mails: `sound.example.org`. */
  readonly host: string;
}

/** A hash takes 19 MiB. Two at a time leave two of Node's four pool threads for files; 256 waiting are about 5 s of work. */
const hashingAtOnce = { running: 2, waiting: 256 };
/** `credentialsSchema` allows no longer ones, so no account has them. */
const maxEmailLength = 254;
const maxPasswordLength = 1024;
/**
 * A reset code is made this long after the answer to its request, at random, so that the server's response times do not show
 * whether the address has an account.
 */
const resetDelayMilliseconds = [20, 200] as const;
/** Expired sessions and codes are removed on a sign-in, at most this often. */
const tidyEverySeconds = 3600;

/** The auth service, in this process. */
export function createAuth(parts: AuthParts): Authentication {
  const { users, secrets, loginTokenSeconds, signUp, mail, clock, log, hashing = createPasswordHashing() } = parts;
  const accounts = { users, sessions: parts.sessions, hashing, clock };
  const accessTokens = createAccessTokens({ secrets, clock });
  const sessions = createSessions({ ...parts, accessTokens });
  const codes = createCodes(parts);
  const limits = createSignInLimits(parts.rateLimit);
  const turns = limitConcurrency(hashingAtOnce);
  let tidiedAt = Number.NEGATIVE_INFINITY;

  async function checkCredentials({ email: given, password }: Credentials, client: string): Promise<UserRecord> {
    const attempt = { email: given.trim().toLowerCase(), client };
    if (attempt.email.length > maxEmailLength || password.length > maxPasswordLength) throw wrongCredentials();
    // The limit is applied inside the turn: a right password that is still waiting must not count as a guess.
    const found = await turns.run(() =>
      limits.guess(attempt, async () => {
        const user = await users.findByEmail(attempt.email);
        return (await hashing.matches(user?.passwordHash, password)) ? user : undefined;
      }),
    );
    if (found === undefined) throw wrongCredentials();
    tidy();
    return found;
  }

  async function checkOwnPassword(user: UserRecord, password: string, client: string): Promise<void> {
    const attempt = { email: user.email, client };
    const isRight = await turns.run(() =>
      limits.guess(attempt, async () => (await hashing.matches(user.passwordHash, password)) || undefined),
    );
    if (!isRight) throw new AppError('forbidden', 'The password is wrong.');
  }

  /** Reads the session and the account again for each call: either may have gone since the token was checked. */
  async function userOf({ accountId, sessionId }: Pick<Identity, 'accountId' | 'sessionId'>): Promise<UserRecord> {
    if (!(await sessions.isThere(sessionId, accountId))) throw sessionEnded();
    const user = await users.get(accountId);
    if (user === undefined) throw accountGone();
    return user;
  }

  /** False when a code was sent less than a minute ago. */
  async function mailCode(user: UserRecord, purpose: CodePurpose): Promise<boolean> {
    if (mail === undefined) return true;
    const code = await codes.issue(user.id, purpose);
    if (code === undefined) return false;
    sendInBackground(codeMail({ purpose, to: user.email, code, host: mail.host }), mail.mailer, log);
    return true;
  }

  async function sendReset(email: string): Promise<void> {
    const user = await users.findByEmail(email);
    // An address that nobody has confirmed gets its first code and nothing else.
    if (user?.confirmed) await mailCode(user, 'reset');
  }

  function tidy(): void {
    if (clock.monotonicSeconds() - tidiedAt < tidyEverySeconds) return;
    tidiedAt = clock.monotonicSeconds();
    const now = clock.now().toISOString();
    Promise.all([parts.sessions.removeEnded(now), parts.codes.removeEnded(now)]).catch((error: unknown) =>
      log.warn({ err: error }, 'could not remove expired sessions and codes'),
    );
  }

  return {
    async signIn(credentials, client) {
      return await sessions.startOnce(await checkCredentials(credentials, client), loginTokenSeconds);
    },

    async identify(token) {
      const { sub, sid, exp } = await accessTokens.verify(token);
      const user = await userOf({ accountId: sub, sessionId: sid });
      // From the account as it is now: the token's own claims may be out of date.
      return { accountId: user.id, email: user.email, admin: user.admin, sessionId: sid, expires: exp };
    },

    async startSession(credentials, client) {
      return await sessions.start(await checkCredentials(credentials, client));
    },

    refreshSession: (refreshToken) => sessions.refresh(refreshToken),

    async endSession({ sessionId }) {
      await parts.sessions.remove(sessionId);
    },

    async createAccount(credentials) {
      if (signUp === 'closed') {
        throw new AppError('forbidden', 'Sign-up is closed on this server. Ask its administrator for an account.');
      }
      const user = await turns.run(() => createUser({ ...credentials, admin: false, confirmed: false }, accounts));
      await mailCode(user, 'confirm').catch((error: unknown) => {
        // The account exists; its owner can request another code.
        log.error({ err: error }, 'could not make a code for a new account');
      });
      return toAccount(user);
    },

    async account(identity) {
      return toAccount(await userOf(identity));
    },

    async changeAccount(identity, { mail: isWanted }) {
      const user = await userOf(identity);
      await users.update(user.id, { mail: isWanted });
      return toAccount({ ...user, mail: isWanted });
    },

    async sendConfirmation(identity) {
      const user = await userOf(identity);
      if (user.confirmed) return;
      if (mail === undefined) throw new AppError('wrong_state', 'This server does not send e-mail.');
      if (await mailCode(user, 'confirm')) return;
      throw new AppError('too_many', 'A code was e-mailed a moment ago. Wait a little before asking for another one.', {
        details: { retryAfterSeconds: codePauseSeconds },
      });
    },

    async confirm(identity, code, client) {
      const user = await userOf(identity);
      if (user.confirmed) return toAccount(user);
      const attempt = { email: user.email, client };
      const isRight = await limits.guess(
        attempt,
        async () => (await codes.redeem(user.id, 'confirm', code)) || undefined,
      );
      if (!isRight) throw wrongCode();
      await users.update(user.id, { confirmed: true });
      return toAccount({ ...user, confirmed: true });
    },

    async changePassword(identity, change, client) {
      await checkOwnPassword(await userOf(identity), change.old, client);
      await turns.run(() => setPassword(identity.accountId, change.new, accounts, identity.sessionId));
    },

    async requestReset(email, client) {
      await limits.askForMail({ email, client });
      // After the answer, whose time must not show who has an account.
      setTimeout(
        () => {
          sendReset(email).catch((error: unknown) =>
            log.error({ err: error }, 'could not make a code for a new password'),
          );
        },
        randomInt(...resetDelayMilliseconds),
      ).unref();
    },

    async confirmReset({ email, password, code }, client) {
      await turns.run(async () => {
        const user = await limits.guess({ email, client }, async () => {
          const claimed = await users.findByEmail(email);
          return claimed !== undefined && (await codes.redeem(claimed.id, 'reset', code)) ? claimed : undefined;
        });
        if (user === undefined) throw wrongCode();
        await setPassword(user.id, password, accounts);
      });
    },

    async checkPassword(identity, password, client) {
      await checkOwnPassword(await userOf(identity), password, client);
    },

    async mailAddress(accountId) {
      const user = await users.get(accountId);
      return user?.confirmed && user.mail ? user.email : undefined;
    },

    async removeAccount(identity) {
      const { id: accountId } = await userOf(identity);
      // The account first: without it, none of its tokens is valid.
      await users.remove(accountId);
      await parts.sessions.removeAllOf(accountId);
      await parts.codes.removeAllOf(accountId);
    },
  };
}

function wrongCredentials(): AppError {
  return new AppError('unauthorized', 'The e-mail address or the password is wrong.');
}

function wrongCode(): AppError {
  return new AppError('invalid', 'The code is wrong or has expired. Ask for a new one.');
}

function sessionEnded(): AppError {
  return new AppError('unauthorized', 'The session of this token has ended.');
}

function accountGone(): AppError {
  return new AppError('unauthorized', 'The account of this token is gone.');
}
