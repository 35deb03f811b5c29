import type { Notification } from '../../../shared/api.ts';
import type { Backend } from '../../client/backend.ts';
import type { AccountAnswer, BackendStatus, Certificate, SignInForm } from '../../ipc.ts';

/** `here`, or a server and an account on it: what a row of the list belongs to. */
export type BackendKey = string;

export const hereKey: BackendKey = 'here';

/** The key of an account; `url` as `parseServerAddress` gives it. */
export function serverKey(url: string, email: string): BackendKey {
  return `${url} ${email}`;
}

/** Somewhere that converts, as the list sees it. */
export interface KnownBackend {
  readonly key: BackendKey;
  /** What people call the server; absent for this computer. */
  readonly host?: string;
  readonly backend: Backend;
  /** Whether the backend can be reached at this moment, as far as is known. */
  reachable(): boolean;
}

/**
 * This computer's backend and the servers' accounts, of which at most one is signed in at a time. The one that new videos go to is the
 * current one; rows of another account wait until somebody signs in to it again.
 */
export interface Backends extends AsyncDisposable {
  status(): BackendStatus;
  /** Undefined in the first run, and while signed out. */
  current(): KnownBackend | undefined;
  /** The key that new rows get, signed out or not; undefined in the first run. */
  currentKey(): BackendKey | undefined;
  /** This computer's, started when it is first asked for. */
  here(): KnownBackend;
  /** Undefined for an account that is not signed in. */
  of(key: BackendKey): KnownBackend | undefined;
  /** What people call the server of a key, also of one that is signed out; undefined for this computer. */
  hostOf(key: BackendKey): string | undefined;
  /** Called when any of the above changes. Returns what ends it. */
  follow(listener: () => void): () => void;
  /** Called for notifications of the current backend as they come, and when one is read elsewhere. */
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
  /** Tries to reach the server at once instead of later; also after sleep, and when the network came back. */
  tryNow(): void;
}

export type NotificationEvent =
  /** All that the backend has: after a start, a sign-in, and when events may have been missed. */
  | { readonly type: 'all'; readonly notifications: readonly Notification[] }
  | { readonly type: 'new'; readonly notification: Notification }
  | { readonly type: 'read'; readonly ids: readonly string[] };
