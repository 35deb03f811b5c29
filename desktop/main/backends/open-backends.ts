import { parseServerAddress } from '../../client/server-http.ts';
import type { BackendStatus, Certificate } from '../../ipc.ts';
import { createAccountSteps } from '../account/account-steps.ts';
import { openKeptSignIn, type SignedInAccount } from '../account/kept-sign-in.ts';
import { readPeerCertificate } from '../account/peer-certificate.ts';
import type { SecretStore } from '../account/secret-store.ts';
import { openSignedIn } from '../account/signed-in-account.ts';
import type { ChosenBackend } from '../settings/settings-store.ts';
import {
  type BackendKey,
  type Backends,
  hereKey,
  type KnownBackend,
  type NotificationEvent,
  serverKey,
} from './backends.ts';
import { openThisComputer, type ThisComputerParts } from './this-computer.ts';

export interface BackendsParts extends ThisComputerParts {
  readonly secrets: SecretStore;
}

export async function openBackends(parts: BackendsParts): Promise<Backends> {
  const { settings, secrets, log } = parts;
  const kept = await openKeptSignIn(secrets, log);
  const listeners = new Set<() => void>();
  const notified = new Set<(event: NotificationEvent) => void>();

  function changed(): void {
    for (const listener of listeners) listener();
  }

  function notify(from: BackendKey, event: NotificationEvent): void {
    if (from !== currentKey()) return;
    for (const listener of notified) listener(event);
  }

  function currentKey(): BackendKey | undefined {
    return keyOf(settings.get().backend);
  }

  const here = openThisComputer(parts, {
    onChange: changed,
    onNotification: (event) => notify(hereKey, event),
  });
  const signedIn = openSignedIn({
    kept,
    isKeptForLong: secrets.lasting,
    onChange: changed,
    onNotification: notify,
    onEntered: (account) => settings.change({ backend: { kind: 'server', ...account } }),
    log,
  });
  const steps = createAccountSteps({
    signedIn: () => (settings.get().backend.kind === 'server' ? signedIn.current() : undefined),
    enter: signedIn.enter,
    leave: signedIn.leave,
  });

  function of(key: BackendKey): KnownBackend | undefined {
    if (key === hereKey) return here.backend();
    const remote = signedIn.current();
    return remote?.key === key ? remote : undefined;
  }

  function status(): BackendStatus {
    const { backend: chosen } = settings.get();
    switch (chosen.kind) {
      case 'none':
        return chosen;
      case 'here':
        return here.status();
      case 'server':
        return signedIn.status(chosen);
    }
  }

  const keptAccount = kept.account();
  const chosen = settings.get().backend;
  const isOther =
    chosen.kind === 'none' || (keptAccount !== undefined && ![hereKey, keyOf(keptAccount)].includes(currentKey()));
  if (keptAccount !== undefined && isOther) await kept.forget();
  else if (keptAccount !== undefined) signedIn.resume(keptAccount);
  if (chosen.kind === 'here') here.backend();

  return {
    status,
    current() {
      const key = currentKey();
      return key === undefined ? undefined : of(key);
    },
    currentKey,
    here: here.backend,
    of,
    hostOf: (key) => (key === hereKey ? undefined : URL.parse(key.split(' ')[0] ?? '')?.host),
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    followNotifications(listener) {
      notified.add(listener);
      const remote = signedIn.current();
      void here.sendNotifications();
      if (remote?.reachable()) void remote.sendNotifications();
      return () => notified.delete(listener);
    },

    async useThisComputer() {
      here.backend();
      settings.change({ backend: { kind: 'here' } });
      changed();
      await here.sendNotifications();
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
      here.tryNow();
      signedIn.current()?.tryNow();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([signedIn[Symbol.asyncDispose](), here[Symbol.asyncDispose]()]);
    },
  };
}

function keyOf(backend: ChosenBackend | SignedInAccount): BackendKey | undefined {
  if ('url' in backend) return serverKey(backend.url, backend.email);
  return backend.kind === 'here' ? hereKey : undefined;
}
