import type { Notification } from '../../../shared/api.ts';
import type { Backend } from '../../client/backend.ts';
import type { AccountAnswer, BackendStatus, Certificate, SignInForm } from '../../ipc.ts';

/** `here`, or a server and an account on it. Each row of the list belongs to one. */
export type BackendKey = string;

export const hereKey: BackendKey = 'here';

/** The key of an account; `url` as `parseServerAddress` gives it. */
export function serverKey(url: string, email: string): BackendKey {
  return `${url} ${email}`;
}

/** A backend, as the list sees it. */
export interface KnownBackend {
  readonly key: BackendKey;
  /** The server's host name; absent for this computer. */
  readonly host?: string;
  readonly backend: Backend;
  /** Whether the backend can be reached now, as far as is known. */
  reachable(): boolean;
}

/**
 * This computer's backend, and accounts on servers. At most one account is signed in at a time. New videos go to the current backend;
 * rows of another account wait until it is signed in again.
 */
export interface Backends extends AsyncDisposable {
  status(): BackendStatus;
  /** Undefined in the first run, and while signed out. */
  current(): KnownBackend | undefined;
  /** The key that new rows get, even while signed out; undefined in the first run. */
  currentKey(): BackendKey | undefined;
  /** This computer's backend, started when it is first asked for. */
  here(): KnownBackend;
  /** Undefined for an account that is not signed in. */
  of(key: BackendKey): KnownBackend | undefined;
  /** The host name of a key's server, signed in or not; undefined for this computer. */
  hostOf(key: BackendKey): string | undefined;
  /** Calls `listener` when any of the above changes. Returns a function that stops this. */
  follow(listener: () => void): () => void;
  /** Calls `listener` with new notifications of the current backend, and when one is read elsewhere. */
  followNotifications(listener: (event: NotificationEvent) => void): () => void;

  useThisComputer(): Promise<void>;
  signIn(form: SignInForm): Promise<AccountAnswer>;
  createAccount(form: SignInForm): Promise<AccountAnswer>;
  confirmAddress(code: string): Promise<AccountAnswer>;
  sendCodeAgain(): Promise<AccountAnswer>;
  forgotPassword(form: Omit<SignInForm, 'password'>): Promise<AccountAnswer>;
  resetPassword(form: SignInForm & { readonly code: string }): Promise<AccountAnswer>;
  certificate(address: string): Promise<Certificate | null>;
  signOut(): Promise<void>;
  setMail(wanted: boolean): Promise<AccountAnswer>;
  /** Tries to reach the backend now instead of later, for example after sleep. */
  tryNow(): void;
}

export type NotificationEvent =
  /** All notifications of the backend: after a start, a sign-in, and when events may have been missed. */
  | { readonly type: 'all'; readonly notifications: readonly Notification[] }
  | { readonly type: 'new'; readonly notification: Notification }
  | { readonly type: 'read'; readonly ids: readonly string[] };
