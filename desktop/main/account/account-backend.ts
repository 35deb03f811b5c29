import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Account, accountSchema } from '../../../shared/api.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import type { StreamState } from '../../client/event-stream.ts';
import { keepTrying } from '../../client/keep-trying.ts';
import { createRemoteBackend } from '../../client/remote-backend.ts';
import { askServerInfo, createServerHttp } from '../../client/server-http.ts';
import { openServerSession, type ServerSession, type SessionKeeper } from '../../client/server-session.ts';
import { type KnownBackend, type NotificationEvent, serverKey } from '../backends/backends.ts';
import type { SignedInAccount } from './kept-sign-in.ts';

/** Whether the server can be reached. `nextTryAt`: milliseconds since 1970. */
export interface Connection {
  readonly kind: 'connected' | 'connecting' | 'offline';
  readonly nextTryAt?: number;
}

/** A server, as an account that is signed in to it. */
export interface AccountBackend extends KnownBackend, AsyncDisposable {
  readonly session: ServerSession;
  connection(): Connection;
  /** What the server says of the account; undefined until it was asked. */
  account(): Account | undefined;
  /** As a call to the server has just answered. */
  accountChanged(account: Account): void;
  /** Undefined until it was asked. */
  canMail(): boolean | undefined;
  /** Asks for all notifications, and tells them. */
  tellNotifications(): Promise<void>;
  tryNow(): void;
}

export interface AccountBackendParts {
  readonly account: SignedInAccount;
  readonly keeper: SessionKeeper;
  /** Called when the connection changes, or what is known of the account. */
  readonly onChange: () => void;
  readonly onNotification: (event: NotificationEvent) => void;
  /** The server does not take the session any more. May be called several times. */
  readonly onSignedOut: () => void;
  readonly log: Logger;
}

/** Where the socket is gone, the server is asked another way, and has so long to answer. */
const probeSeconds = 5;
const mePath = '/api/v1/me';

export function openAccountBackend(parts: AccountBackendParts): AccountBackend {
  const { account: who, keeper, onChange, onNotification, onSignedOut, log } = parts;
  const closing = new AbortController();
  const { signal } = closing;
  const http = createServerHttp(who.url);
  const session = openServerSession(http, keeper, () => {
    if (!signal.aborted) onSignedOut();
  });
  const remote = createRemoteBackend(session, { onState: hearState, onMissed: () => void tellAll() });
  const listeners = new Set<(event: ServerEvent) => void>();
  let connection: Connection = { kind: 'connecting' };
  let stream: StreamState = { kind: 'connecting' };
  let account: Account | undefined;
  let canMail: boolean | undefined;
  let probing: Promise<void> | undefined;

  function tell(event: ServerEvent): void {
    if (event.type === 'read') onNotification(event);
    if (event.type === 'notification') {
      const { notification } = event;
      // After a time away, those are told as well that were read meanwhile.
      if (notification.readAt === undefined) onNotification({ type: 'new', notification });
      else onNotification({ type: 'read', ids: [notification.id] });
    }
    for (const listener of listeners) listener(event);
  }

  function become(next: Connection): void {
    if (signal.aborted) return;
    connection = next;
    onChange();
  }

  function hearState(state: StreamState): void {
    stream = state;
    switch (state.kind) {
      case 'connecting':
        if (connection.kind === 'offline') become({ kind: 'offline' });
        probe();
        break;
      case 'connected':
        become({ kind: 'connected' });
        void learn();
        break;
      case 'waiting':
      case 'signed_out':
        if (connection.kind === 'offline') become(offline());
        break;
    }
  }

  function offline(): Connection {
    return { kind: 'offline', ...(stream.kind === 'waiting' ? { nextTryAt: stream.nextTryAt } : {}) };
  }

  /** A server that answers is there, though it may have ended the socket, or something on the way lets none through. */
  function probe(): void {
    probing ??= ask().finally(() => {
      probing = undefined;
    });
  }

  async function ask(): Promise<void> {
    const answer = await Promise.race([
      session.askFor(accountSchema, { method: 'GET', path: mePath }).catch(() => undefined),
      delay(probeSeconds * 1000, undefined, { signal, ref: false }).catch(() => undefined),
    ]);
    if (signal.aborted || stream.kind === 'connected') return;
    if (answer === undefined) {
      become(offline());
      return;
    }
    account = answer;
    become({ kind: 'connected' });
    if (canMail === undefined) void learn();
    else await tellNotifications();
  }

  /** What is to be known of the account, and may have changed unseen. */
  async function learn(): Promise<void> {
    try {
      const [me, info] = await keepTrying(
        async () =>
          await Promise.all([session.askFor(accountSchema, { method: 'GET', path: mePath }), askServerInfo(http)]),
        signal,
      );
      account = me;
      canMail = info.mail;
      if (!signal.aborted) onChange();
      await tellNotifications();
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'could not ask the server for the account');
    }
  }

  async function tellNotifications(): Promise<void> {
    try {
      const notifications = await remote.notifications();
      if (!signal.aborted) onNotification({ type: 'all', notifications });
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'could not ask the server for notifications');
    }
  }

  /** More has happened than the server tells at once. */
  async function tellAll(): Promise<void> {
    try {
      let cursor: string | undefined;
      do {
        const page = await keepTrying(async () => await remote.page(cursor), signal);
        for (const conversion of page.items) tell({ type: 'conversion', conversion });
        cursor = page.next;
      } while (cursor !== undefined && !signal.aborted);
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'could not ask the server for what was missed');
    }
  }

  const unfollow = remote.follow(tell);
  return {
    key: serverKey(who.url, who.email),
    host: http.host,
    backend: {
      ...remote,
      follow(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      // It is there for all of the app.
      close: async () => {},
    },
    reachable: () => !signal.aborted && connection.kind === 'connected',
    session,
    connection: () => connection,
    account: () => account,
    accountChanged(next) {
      account = next;
      onChange();
    },
    canMail: () => canMail,
    tellNotifications,
    tryNow() {
      remote.tryNow();
      if (stream.kind === 'connected') return;
      // It says so, whatever comes of it.
      if (connection.kind === 'offline') become({ kind: 'connecting' });
      probe();
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      unfollow();
      await remote.close();
    },
  };
}
