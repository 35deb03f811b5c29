import type { Account, Credentials, Session } from '../../shared/api.ts';

/** Whose request it is. */
export interface Identity {
  readonly accountId: string;
  /** In lower case. */
  readonly email: string;
  readonly admin: boolean;
  /** The session that the token is of: the one that stays when all others are ended. */
  readonly sessionId: string;
  /** When the token ends, in seconds since 1970. */
  readonly expires: number;
}

/**
 * What the gateway needs of auth, which may be in this process or another. `client` says who asks (its address), so that
 * guessing can be slowed down. Every method throws `unavailable` when auth cannot be reached, and those that take a password or a
 * code `too_many`, with `details.retryAfterSeconds`, after too many wrong ones.
 */
export interface Authentication {
  /** A long-lived access token, for scripts. Throws `unauthorized`, the same for a wrong password and an address without an account. */
  signIn(credentials: Credentials, client: string): Promise<string>;

  /** Whose token it is, by the account as it is now. Throws `unauthorized` for one that is bad, has ended, or whose session or account is gone. */
  identify(token: string): Promise<Identity>;

  /** A session of a client that stays signed in. Throws as `signIn` does. */
  startSession(credentials: Credentials, client: string): Promise<Session>;

  /**
   * The next pair. A refresh token works once; used again within 60 s it gives a fresh pair (the answer may have been lost), later it
   * ends the whole session. Throws `unauthorized`.
   */
  refreshSession(refreshToken: string): Promise<Session>;

  endSession(identity: Identity): Promise<void>;

  /** Throws `forbidden` while sign-up is closed, `taken` when the address has an account. Where the server can mail, sends a code. */
  createAccount(credentials: Credentials): Promise<Account>;

  account(identity: Identity): Promise<Account>;

  /** `mail`: whether finished batches are mailed. */
  changeAccount(identity: Identity, changes: Pick<Account, 'mail'>): Promise<Account>;

  /**
   * Sends a new code to the account's address; nothing happens when it is confirmed already. Throws `too_many` within a minute of the
   * last, `wrong_state` where this server does not mail.
   */
  sendConfirmation(identity: Identity): Promise<void>;

  /** Throws `invalid` for a wrong code, or one that has ended. */
  confirm(identity: Identity, code: string, client: string): Promise<Account>;

  /** Ends every other session. Throws `forbidden` for a wrong old password. */
  changePassword(
    identity: Identity,
    change: { readonly old: string; readonly new: string },
    client: string,
  ): Promise<void>;

  /** Mails a code where the address has an account; says nothing of whether it has. */
  requestReset(email: string, client: string): Promise<void>;

  /** Sets a new password and ends every session. Throws `invalid` for a wrong code, or one that has ended. */
  confirmReset(reset: Credentials & { readonly code: string }, client: string): Promise<void>;

  /** Throws `forbidden` for a wrong password. */
  checkPassword(identity: Identity, password: string, client: string): Promise<void>;

  /**
   * Where to mail an account that its batches have ended. Undefined when its owner does not want such mail, has not confirmed the
   * address, or when there is no such account.
   */
  mailAddress(accountId: string): Promise<string | undefined>;

  /** The account and its sessions. What it owns elsewhere is the caller's to remove. */
  removeAccount(identity: Identity): Promise<void>;
}
