import type { Credentials } from '../../shared/api.ts';

/** Whose request it is. */
export interface Identity {
  readonly accountId: string;
  /** In lower case. */
  readonly email: string;
  readonly admin: boolean;
}

/** What the gateway needs of auth, which may be in this process or another. Every method throws `unavailable` when auth cannot be reached. */
export interface Authentication {
  /**
   * An access token for the account. `client` says who asks (its address), so that guessing can be slowed down. Throws
   * `unauthorized`, the same for a wrong password and an address without an account; `too_many` after too many failures.
   */
  signIn(credentials: Credentials, client: string): Promise<string>;

  /** Whose token it is. Throws `unauthorized` for one that is bad, has ended, or whose account is gone. */
  identify(token: string): Promise<Identity>;

  /** Throws `forbidden` while sign-up is closed, `taken` when the address has an account. */
  createAccount(credentials: Credentials): Promise<Identity>;
}
