import type { Logger } from 'pino';
import { parseServerAddress } from '../../client/server-http.ts';
import type { SessionKeeper } from '../../client/server-session.ts';
import type { BackendStatus } from '../../ipc.ts';
import { type BackendKey, type NotificationEvent, serverKey } from '../backends/backends.ts';
import { type AccountBackend, openAccountBackend } from './account-backend.ts';
import type { KeptSignIn, SignedInAccount } from './kept-sign-in.ts';

export interface SignedInParts {
  readonly kept: KeptSignIn;
  /** Whether the system keeps secrets beyond this session. */
  readonly isKeptForLong: boolean;
  readonly onChange: () => void;
  readonly onNotification: (from: BackendKey, event: NotificationEvent) => void;
  /** Called with an account that has been signed in, so that it becomes the chosen backend. */
  readonly onEntered: (account: SignedInAccount) => void;
  readonly log: Logger;
}

/** The account that is signed in, at most one at a time. */
export interface SignedIn extends AsyncDisposable {
  current(): AccountBackend | undefined;
  /** Goes on with the account that was kept from the last start. */
  resume(account: SignedInAccount): void;
  /** Takes over an account after a sign-in. Another one that was signed in is signed out. */
  enter(account: SignedInAccount, session: SessionKeeper): Promise<void>;
  /** Signs out. */
  leave(): Promise<void>;
  /** The status of an account, signed in or not. */
  status(account: SignedInAccount): BackendStatus;
}

export function openSignedIn(parts: SignedInParts): SignedIn {
  const { kept, onChange, onNotification, log } = parts;
  let remote: AccountBackend | undefined;
  let isLeftOnPurpose = false;

  function open(account: SignedInAccount): AccountBackend {
    const key = serverKey(account.url, account.email);
    const opened = openAccountBackend({
      account,
      keeper: kept.keeperOf(account),
      onChange,
      onNotification: (event) => onNotification(key, event),
      onSignedOut() {
        if (remote === opened) void close();
      },
      log,
    });
    return opened;
  }

  /** The chosen address and e-mail stay in the settings. */
  async function close(): Promise<void> {
    const left = remote;
    remote = undefined;
    await kept.forget();
    await left?.[Symbol.asyncDispose]();
    onChange();
  }

  async function leave(): Promise<void> {
    const left = remote;
    if (left === undefined) return;
    isLeftOnPurpose = true;
    // If the server cannot be reached, the session expires there by itself.
    await left.session
      .signOut()
      .catch((error: unknown) => log.debug({ err: error }, 'could not sign out at the server'));
    await close();
  }

  return {
    current: () => remote,
    resume(account) {
      remote = open(account);
    },
    async enter(account, session) {
      const fresh = await session.read();
      if (fresh === undefined) return;
      const key = serverKey(account.url, account.email);
      if (remote !== undefined && remote.key !== key) await leave();
      isLeftOnPurpose = false;
      await kept.keep(account, fresh);
      // The same account continues with its rows in progress.
      if (remote === undefined) remote = open(account);
      else remote.tryNow();
      parts.onEntered(account);
      onChange();
      await remote.sendNotifications();
    },
    leave,
    status({ url, email }) {
      const { host, readable } = parseServerAddress(url);
      const opened = remote?.key === serverKey(url, email) ? remote : undefined;
      const account = opened?.account();
      const canMail = opened?.canMail();
      const { kind, nextTryAt } = opened?.connection() ?? { kind: 'signed_out' };
      return {
        kind: 'server',
        host,
        email,
        connection: kind,
        ...(kind === 'signed_out' && isLeftOnPurpose ? { leftOnPurpose: true } : {}),
        ...(nextTryAt === undefined ? {} : { nextTryAt }),
        ...(account === undefined || !canMail ? {} : { mail: account.mail }),
        // A server that sends no mail cannot confirm addresses. Until that is known, nobody is asked for a code.
        confirmed: account === undefined || account.confirmed || canMail !== true,
        thisSessionOnly: !parts.isKeptForLong,
        readable,
      };
    },
    async [Symbol.asyncDispose]() {
      await remote?.[Symbol.asyncDispose]();
    },
  };
}
