import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createLocalBackend } from '../../client/local-backend.ts';
import { parseServerAddress } from '../../client/server-http.ts';
import type { SessionKeeper } from '../../client/server-session.ts';
import type { BackendStatus, Certificate } from '../../ipc.ts';
import { type AccountBackend, openAccountBackend } from '../account/account-backend.ts';
import { type AccountSteps, createAccountSteps } from '../account/account-steps.ts';
import { openKeptSignIn, type SignedInAccount } from '../account/kept-sign-in.ts';
import { readPeerCertificate } from '../account/peer-certificate.ts';
import type { SecretStore } from '../account/secret-store.ts';
import { type BackendHost, startBackendHost } from '../local-backend/backend-host.ts';
import type { BackendStart } from '../local-backend/backend-start.ts';
import type { BackendProcess } from '../local-backend/keep-process.ts';
import type { ChosenBackend, SettingsStore } from '../settings/settings-store.ts';
import {
  type BackendKey,
  type Backends,
  hereKey,
  type KnownBackend,
  type NotificationEvent,
  serverKey,
} from './backends.ts';

export interface BackendsParts {
  readonly settings: SettingsStore;
  /** Absolute path of the app's own folder; this computer's backend lies in `backend` below it. */
  readonly dataFolder: string;
  readonly secrets: SecretStore;
  /** Starts `backend-process.ts`, and gives it `start`: see `startUtilityBackend`. */
  readonly startBackend: (start: BackendStart) => BackendProcess;
  /** What FFMPEG_PATH says. */
  readonly ffmpegPath?: string;
  readonly log: Logger;
}

/** Half of what the system counts: one for each core that is real, and one or more left for whoever works meanwhile. */
export function adviseAtOnce(processors = availableParallelism()): number {
  return Math.min(8, Math.max(1, Math.floor(processors / 2)));
}

export async function openBackends(parts: BackendsParts): Promise<Backends> {
  const { settings, secrets, log } = parts;
  const kept = await openKeptSignIn(secrets, log);
  const listeners = new Set<() => void>();
  const notified = new Set<(event: NotificationEvent) => void>();
  const advisedAtOnce = adviseAtOnce();
  let host: BackendHost | undefined;
  let hereBackend: KnownBackend | undefined;
  let remote: AccountBackend | undefined;
  let isLeftOnPurpose = false;
  let atOnce = settings.get().atOnce ?? advisedAtOnce;
  let isOver = false;

  function changed(): void {
    for (const listener of listeners) listener();
  }

  function notify(from: BackendKey, event: NotificationEvent): void {
    if (from !== currentKey()) return;
    for (const listener of notified) listener(event);
  }

  // This computer.

  function startHere(): { readonly host: BackendHost; readonly backend: KnownBackend } {
    if (host !== undefined && hereBackend !== undefined) return { host, backend: hereBackend };
    const { ffmpegPath, dataFolder } = parts;
    const started = startBackendHost({
      start: () =>
        parts.startBackend({
          dataFolder: join(dataFolder, 'backend'),
          ...(ffmpegPath === undefined ? {} : { ffmpegPath }),
          atOnce,
          logLevel: 'warn',
        }),
      log,
    });
    started.follow(() => {
      changed();
      if (started.state().kind === 'ready') void tellOfHere();
    });
    started.channel.subscribe((event) => {
      if (event.type === 'notification') notify(hereKey, { type: 'new', notification: event.notification });
      if (event.type === 'read') notify(hereKey, event);
    });
    host = started;
    hereBackend = {
      key: hereKey,
      backend: createLocalBackend(started.channel),
      reachable: () => !isOver && started.state().kind !== 'broken',
    };
    return { host: started, backend: hereBackend };
  }

  async function tellOfHere(): Promise<void> {
    if (currentKey() !== hereKey || host?.state().kind !== 'ready') return;
    try {
      notify(hereKey, { type: 'all', notifications: await host.channel.notifications() });
    } catch (error) {
      log.debug({ err: error }, 'could not ask this computer’s backend for notifications');
    }
  }

  const unfollowSettings = settings.follow((now) => {
    const wanted = now.atOnce ?? advisedAtOnce;
    if (wanted === atOnce) return;
    atOnce = wanted;
    host?.restart();
  });

  // A server.

  function openAccount(account: SignedInAccount): AccountBackend {
    const key = serverKey(account.url, account.email);
    const opened = openAccountBackend({
      account,
      keeper: kept.keeperOf(account),
      onChange: changed,
      onNotification: (event) => notify(key, event),
      onSignedOut() {
        if (remote === opened) void leaveAccount();
      },
      log,
    });
    return opened;
  }

  /** What it was keeps its address and its e-mail. */
  async function leaveAccount(): Promise<void> {
    const left = remote;
    remote = undefined;
    await kept.forget();
    await left?.[Symbol.asyncDispose]();
    changed();
  }

  async function endAccount(): Promise<void> {
    const left = remote;
    if (left === undefined) return;
    isLeftOnPurpose = true;
    // Where the server cannot be reached, its end comes there by itself.
    await left.session.signOut().catch((error: unknown) => log.debug({ err: error }, 'could not sign out there'));
    await leaveAccount();
  }

  /** Somebody has signed in. */
  async function enterAccount(account: SignedInAccount, session: SessionKeeper): Promise<void> {
    const fresh = await session.read();
    if (fresh === undefined) return;
    const key = serverKey(account.url, account.email);
    if (remote !== undefined && remote.key !== key) await endAccount();
    isLeftOnPurpose = false;
    await kept.keep(account, fresh);
    // Rows that are under way with it go on.
    if (remote === undefined) remote = openAccount(account);
    else remote.tryNow();
    settings.change({ backend: { kind: 'server', ...account } });
    changed();
    await remote.tellNotifications();
  }

  const steps: AccountSteps = createAccountSteps({
    signedIn: () => (chosenAccount() === undefined ? undefined : remote),
    enter: enterAccount,
    leave: endAccount,
  });

  // What is chosen.

  function chosenAccount(): SignedInAccount | undefined {
    const { backend } = settings.get();
    return backend.kind === 'server' ? backend : undefined;
  }

  function currentKey(): BackendKey | undefined {
    return keyOf(settings.get().backend);
  }

  function of(key: BackendKey): KnownBackend | undefined {
    if (key === hereKey) return startHere().backend;
    return remote?.key === key ? remote : undefined;
  }

  function status(): BackendStatus {
    const { backend: chosen } = settings.get();
    switch (chosen.kind) {
      case 'none':
        return chosen;
      case 'here': {
        const state = startHere().host.state();
        const problem = state.kind === 'broken' ? { problem: state.problem } : {};
        return { kind: 'here', state: state.kind, ...problem, advisedAtOnce };
      }
      case 'server':
        return serverStatus(chosen);
    }
  }

  function serverStatus({ url, email }: SignedInAccount): BackendStatus {
    const { host: called, readable } = parseServerAddress(url);
    const opened = of(serverKey(url, email)) === undefined ? undefined : remote;
    const account = opened?.account();
    const canMail = opened?.canMail();
    const { kind, nextTryAt } = opened?.connection() ?? { kind: 'signed_out' };
    return {
      kind: 'server',
      host: called,
      email,
      connection: kind,
      ...(kind === 'signed_out' && isLeftOnPurpose ? { leftOnPurpose: true } : {}),
      ...(nextTryAt === undefined ? {} : { nextTryAt }),
      ...(account === undefined || !canMail ? {} : { mail: account.mail }),
      // Where no mail is sent, nothing can be confirmed; nor is it asked for before that is known.
      confirmed: account === undefined || account.confirmed || canMail !== true,
      thisSessionOnly: !secrets.lasting,
      readable,
    };
  }

  const signedIn = kept.account();
  const chosen = settings.get().backend;
  const isOther =
    chosen.kind === 'none' || (signedIn !== undefined && ![hereKey, keyOf(signedIn)].includes(currentKey()));
  if (signedIn !== undefined && isOther) await kept.forget();
  else if (signedIn !== undefined) remote = openAccount(signedIn);
  if (chosen.kind === 'here') startHere();

  return {
    status,
    current() {
      const key = currentKey();
      return key === undefined ? undefined : of(key);
    },
    currentKey,
    here: () => startHere().backend,
    of,
    hostOf: (key) => (key === hereKey ? undefined : URL.parse(key.split(' ')[0] ?? '')?.host),
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    followNotifications(listener) {
      notified.add(listener);
      void tellOfHere();
      if (remote?.reachable()) void remote.tellNotifications();
      return () => notified.delete(listener);
    },

    async useThisComputer() {
      startHere();
      settings.change({ backend: { kind: 'here' } });
      changed();
      await tellOfHere();
    },
    ...steps,
    async certificate(address): Promise<Certificate | null> {
      try {
        return (await readPeerCertificate(parseServerAddress(address).url)) ?? null;
      } catch {
        return null;
      }
    },
    tryNow() {
      host?.tryNow();
      remote?.tryNow();
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      unfollowSettings();
      await Promise.all([remote?.[Symbol.asyncDispose](), host?.[Symbol.asyncDispose]()]);
    },
  };
}

function keyOf(backend: ChosenBackend | SignedInAccount): BackendKey | undefined {
  if ('url' in backend) return serverKey(backend.url, backend.email);
  return backend.kind === 'here' ? hereKey : undefined;
}
