import type { Logger } from 'pino';
import { type Account, accountSchema } from '../../../shared/api.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import { keepTrying } from '../../client/keep-trying.ts';
import { createRemoteBackend } from '../../client/remote-backend.ts';
import { askServerInfo, createServerHttp } from '../../client/server-http.ts';
import { openServerSession, type ServerSession, type SessionKeeper } from '../../client/server-session.ts';
import { type KnownBackend, type NotificationEvent, serverKey } from '../backends/backends.ts';
import type { SignedInAccount } from './kept-sign-in.ts';
import { type Connection, watchServerConnection } from './server-connection.ts';

/** An account that is signed in to a server. */
export interface AccountBackend extends KnownBackend, AsyncDisposable {
  readonly session: ServerSession;
  connection(): Connection;
  /** Undefined until the server has answered. */
  account(): Account | undefined;
  /** Takes in the account as a call to the server has just returned it. */
  accountChanged(account: Account): void;
  /** Undefined until the server has answered. */
  canMail(): boolean | undefined;
  /** Asks for all notifications, and passes them on. */
  sendNotifications(): Promise<void>;
  tryNow(): void;
}

export interface AccountBackendParts {
  readonly account: SignedInAccount;
  readonly keeper: SessionKeeper;
  /** Called when the connection or the account changes. */
  readonly onChange: () => void;
  readonly onNotification: (event: NotificationEvent) => void;
  /** Called when the server no longer accepts the session. May be called several times. */
  readonly onSignedOut: () => void;
  readonly log: Logger;
}

const mePath = '/api/v1/me';

export function openAccountBackend(parts: AccountBackendParts): AccountBackend {
  const { account: who, keeper, onChange, onNotification, onSignedOut, log } = parts;
  const closing = new AbortController();
  const { signal } = closing;
  const http = createServerHttp(who.url);
  const session = openServerSession(http, keeper, () => {
    if (!signal.aborted) onSignedOut();
  });
  const connection = watchServerConnection({
    async ask() {
      account = await askMe();
    },
    onReached(by) {
      if (by === 'stream' || canMail === undefined) void learn();
      else void sendNotifications();
    },
    onChange,
    signal,
  });
  const remote = createRemoteBackend(session, { onState: connection.hear, onMissed: () => void listAll() });
  const listeners = new Set<(event: ServerEvent) => void>();
  let account: Account | undefined;
  let canMail: boolean | undefined;

  function hear(event: ServerEvent): void {
    if (event.type === 'read') onNotification(event);
    if (event.type === 'notification') {
      const { notification } = event;
      // After a break, the server also sends those that were read meanwhile.
      if (notification.readAt === undefined) onNotification({ type: 'new', notification });
      else onNotification({ type: 'read', ids: [notification.id] });
    }
    for (const listener of listeners) listener(event);
  }

  async function askMe(): Promise<Account> {
    return await session.askFor(accountSchema, { method: 'GET', path: mePath });
  }

  /** Asks for the facts about the account, which may have changed while there was no connection. */
  async function learn(): Promise<void> {
    try {
      const [me, info] = await keepTrying(async () => await Promise.all([askMe(), askServerInfo(http)]), signal);
      account = me;
      canMail = info.mail;
      if (!signal.aborted) onChange();
      await sendNotifications();
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'could not ask the server for the account');
    }
  }

  async function sendNotifications(): Promise<void> {
    try {
      const notifications = await remote.notifications();
      if (!signal.aborted) onNotification({ type: 'all', notifications });
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'could not ask the server for notifications');
    }
  }

  /** Lists all conversions, after more has changed than the server sends at once. */
  async function listAll(): Promise<void> {
    try {
      let cursor: string | undefined;
      do {
        const page = await keepTrying(async () => await remote.page(cursor), signal);
        for (const conversion of page.items) hear({ type: 'conversion', conversion });
        cursor = page.next;
      } while (cursor !== undefined && !signal.aborted);
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'could not list the conversions after missing events');
    }
  }

  const unfollow = remote.follow(hear);
  return {
    key: serverKey(who.url, who.email),
    host: http.host,
    backend: {
      ...remote,
      follow(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      // The app keeps it until the account is signed out.
      close: async () => {},
    },
    reachable: () => !signal.aborted && connection.state().kind === 'connected',
    session,
    connection: connection.state,
    account: () => account,
    accountChanged(next) {
      account = next;
      onChange();
    },
    canMail: () => canMail,
    sendNotifications,
    tryNow() {
      remote.tryNow();
      connection.tryNow();
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      unfollow();
      await remote.close();
    },
  };
}
