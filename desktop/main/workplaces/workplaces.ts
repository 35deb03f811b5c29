import type { Notification } from '../../../shared/api.ts';
import type { Backend } from '../../client/backend.ts';
import type { AccountAnswer, Certificate, Place, SignInForm } from '../../ipc.ts';

/** `here`, or a server and an account on it: what a row of the list belongs to. */
export type WorkplaceKey = string;

export const hereKey: WorkplaceKey = 'here';

/** The key of an account; `url` as `parseServerAddress` gives it. */
export function serverKey(url: string, email: string): WorkplaceKey {
  return `${url} ${email}`;
}

/** Somewhere that converts, as the list sees it. */
export interface Workplace {
  readonly key: WorkplaceKey;
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
export interface Workplaces extends AsyncDisposable {
  place(): Place;
  /** Undefined in the first run, and while signed out. */
  current(): Workplace | undefined;
  /** The key that new rows get, signed out or not; undefined in the first run. */
  currentKey(): WorkplaceKey | undefined;
  /** This computer's, started when it is first asked for. */
  here(): Workplace;
  /** Undefined for an account that is not signed in. */
  of(key: WorkplaceKey): Workplace | undefined;
  /** What people call the server of a key, also of one that is signed out; undefined for this computer. */
  hostOf(key: WorkplaceKey): string | undefined;
  /** Called when any of the above changes. Returns what ends it. */
  follow(listener: () => void): () => void;
  /** Called for notifications of the current workplace as they come, and when one is read elsewhere. */
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
