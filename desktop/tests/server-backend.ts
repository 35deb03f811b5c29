import { pino } from 'pino';
import type { ServerStand } from '../../backend/tests/running/server-stand.ts';
import { keepInMemory } from '../client/server-session.ts';
import { type AccountBackend, openAccountBackend } from '../main/account/account-backend.ts';
import { type BackendKey, type Backends, serverKey } from '../main/backends/backends.ts';

/** An account on a stand's server, reached over its line, as a backend for a list. */
export interface ServerBackend extends AsyncDisposable, Pick<Backends, 'of' | 'hostOf' | 'follow'> {
  readonly key: BackendKey;
  signIn(): Promise<void>;
  signOut(): Promise<void>;
  tryNow(): void;
}

/** What is used of a {@link ServerStand}. */
export interface ReachedServer extends Pick<ServerStand, 'signedIn'> {
  readonly line: Pick<ServerStand['line'], 'url'>;
  readonly account: Pick<ServerStand['account'], 'email'>;
}

/** Signed out until `signIn` is called. */
export function openServerBackend(stand: ReachedServer): ServerBackend {
  const { url } = stand.line;
  const { email } = stand.account;
  const key = serverKey(url, email);
  const listeners = new Set<() => void>();
  let opened: AccountBackend | undefined;

  function tell(): void {
    for (const listener of listeners) listener();
  }

  return {
    key,
    of: (asked) => (asked === key ? opened : undefined),
    hostOf: (asked) => (asked === key ? new URL(url).host : undefined),
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async signIn() {
      const keeper = keepInMemory();
      await stand.signedIn(keeper);
      opened = openAccountBackend({
        account: { url, email },
        keeper,
        onChange: tell,
        onNotification: () => undefined,
        onSignedOut: () => undefined,
        log: pino({ level: 'silent' }),
      });
      tell();
    },
    async signOut() {
      const left = opened;
      opened = undefined;
      tell();
      await left?.[Symbol.asyncDispose]();
    },
    tryNow: () => opened?.tryNow(),
    async [Symbol.asyncDispose]() {
      await opened?.[Symbol.asyncDispose]();
    },
  };
}
