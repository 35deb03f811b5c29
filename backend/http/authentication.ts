import type { Account, Credentials, Session } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';

/** The account that a request was made for. */
export interface Identity {
  readonly accountId: string;
  /** In lower case. */
  readonly email: string;
  readonly admin: boolean;
  /** The token's session. A change of password ends all sessions but this one. */
  readonly sessionId: string;
  /** How long the token was still valid when it was checked. No time of day, because auth's clock may differ from that of this machine. */
  readonly secondsLeft: number;
}

/**
 * What other services ask of auth, which may run in this process or another. `client` is the address of the person's computer, by
 * which guesses, sign-ups and requests for mail are counted. Every method throws `unavailable` when auth cannot be reached. Methods that take a password or a code
 * throw `too_many`, with `details.retryAfterSeconds`, after too many wrong ones.
 */
export interface Authentication {
  /** Returns a long-lived access token, for scripts. Throws the same `unauthorized` for a wrong password and an unknown address. */
  signIn(credentials: Credentials, client: string): Promise<string>;

  /** Returns whose token it is, from the account as it is now. Throws `unauthorized` if it is invalid or expired, or its session or account is gone. */
  identify(token: string): Promise<Identity>;

  /** Starts a session that can be refreshed, for a client that stays signed in. Throws as `signIn` does. */
  startSession(credentials: Credentials, client: string): Promise<Session>;

  /**
   * Returns the next pair of tokens. A refresh token works once. Used again within 60 s it gives a fresh pair, since the answer may
   * have been lost; used later it ends the session. Throws `unauthorized`.
   */
  refreshSession(refreshToken: string): Promise<Session>;

  endSession(identity: Identity): Promise<void>;

  /** Makes an account, and mails it a code if the server can mail. Throws `forbidden` while sign-up is closed, `taken` when the address has an account, `too_many` after too many tries of one client. */
  createAccount(credentials: Credentials, client: string): Promise<Account>;

  account(identity: Identity): Promise<Account>;

  /** Changes whether finished batches are mailed. */
  changeAccount(identity: Identity, changes: Pick<Account, 'mail'>): Promise<Account>;

  /**
   * Mails a new code to the account's address. Does nothing when it is confirmed already. Throws `too_many` within a minute of the
   * last code or after too many requests, `wrong_state` if this server does not mail.
   */
  sendConfirmation(identity: Identity, client: string): Promise<void>;

  /** Confirms the account's address. Throws `invalid` for a wrong or expired code. */
  confirm(identity: Identity, code: string): Promise<Account>;

  /** Sets a new password and ends every other session. Throws `forbidden` for a wrong old password. */
  changePassword(
    identity: Identity,
    change: { readonly old: string; readonly new: string },
    client: string,
  ): Promise<void>;

  /** Mails a code if the address has an account. The answer does not show whether it has. */
  requestReset(email: string, client: string): Promise<void>;

  /** Sets a new password and ends every session. Returns the account's id. Throws `invalid` for a wrong or expired code. */
  confirmReset(reset: Credentials & { readonly code: string }, client: string): Promise<string>;

  /** Throws `forbidden` for a wrong password. */
  checkPassword(identity: Identity, password: string, client: string): Promise<void>;

  /**
   * Where to mail an account that its batches have ended. Undefined when its owner does not want such mail, has not confirmed the
   * address, or when there is no such account.
   */
  mailAddress(accountId: string): Promise<string | undefined>;

  /** Removes the account and its sessions. The caller removes what the account owns elsewhere. */
  removeAccount(identity: Identity): Promise<void>;
}

/** The refusal to make an account. */
export function signUpClosed(): AppError {
  return new AppError('forbidden', 'Sign-up is closed on this server. Ask its administrator for an account.');
}
