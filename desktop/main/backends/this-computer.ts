import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createLocalBackend } from '../../client/local-backend.ts';
import type { BackendStatus } from '../../ipc.ts';
import { type BackendHost, startBackendHost } from '../local-backend/backend-host.ts';
import type { BackendStart } from '../local-backend/backend-start.ts';
import type { BackendProcess } from '../local-backend/keep-process.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import { hereKey, type KnownBackend, type NotificationEvent } from './backends.ts';

export interface ThisComputerParts {
  readonly settings: SettingsStore;
  /** Absolute path of the app's own folder; this computer's backend keeps its data in `backend` below it. */
  readonly dataFolder: string;
  /** Starts `backend-process.ts` and sends it `start`: see `startUtilityBackend`. */
  readonly startBackend: (start: BackendStart) => BackendProcess;
  /** The value of FFMPEG_PATH. */
  readonly ffmpegPath?: string;
  readonly log: Logger;
}

export interface ThisComputerListeners {
  readonly onChange: () => void;
  readonly onNotification: (event: NotificationEvent) => void;
}

/** This computer's backend. It is started when it is first needed. */
export interface ThisComputer extends AsyncDisposable {
  backend(): KnownBackend;
  status(): BackendStatus & { readonly kind: 'here' };
  /** Passes on all its notifications, if it is ready. */
  sendNotifications(): Promise<void>;
  tryNow(): void;
}

/** Half of the processors that the system counts: one for each real core, and some left for the person's own work. */
export function adviseAtOnce(processors = availableParallelism()): number {
  return Math.min(8, Math.max(1, Math.floor(processors / 2)));
}

export function openThisComputer(
  parts: ThisComputerParts,
  { onChange, onNotification }: ThisComputerListeners,
): ThisComputer {
  const { settings, log, ffmpegPath, dataFolder } = parts;
  const advisedAtOnce = adviseAtOnce();
  let running: { readonly host: BackendHost; readonly backend: KnownBackend } | undefined;
  let atOnce = settings.get().atOnce ?? advisedAtOnce;
  let isOver = false;

  function start(): { readonly host: BackendHost; readonly backend: KnownBackend } {
    if (running !== undefined) return running;
    const host = startBackendHost({
      start: () =>
        parts.startBackend({
          dataFolder: join(dataFolder, 'backend'),
          ...(ffmpegPath === undefined ? {} : { ffmpegPath }),
          atOnce,
          logLevel: 'warn',
        }),
      log,
    });
    host.follow(() => {
      onChange();
      if (host.state().kind === 'ready') void sendNotifications();
    });
    host.channel.subscribe((event) => {
      if (event.type === 'notification') onNotification({ type: 'new', notification: event.notification });
      if (event.type === 'read') onNotification(event);
    });
    const backend = {
      key: hereKey,
      backend: createLocalBackend(host.channel),
      reachable: () => !isOver && host.state().kind !== 'broken',
    };
    running = { host, backend };
    return running;
  }

  async function sendNotifications(): Promise<void> {
    if (running?.host.state().kind !== 'ready') return;
    try {
      onNotification({ type: 'all', notifications: await running.host.channel.notifications() });
    } catch (error) {
      log.debug({ err: error }, 'could not ask this computer’s backend for notifications');
    }
  }

  const unfollowSettings = settings.follow((now) => {
    const wanted = now.atOnce ?? advisedAtOnce;
    if (wanted === atOnce) return;
    atOnce = wanted;
    running?.host.setPlaces(atOnce);
  });

  return {
    backend: () => start().backend,
    status() {
      const state = start().host.state();
      const problem = state.kind === 'broken' ? { problem: state.problem } : {};
      return { kind: 'here', state: state.kind, ...problem, advisedAtOnce };
    },
    sendNotifications,
    tryNow: () => running?.host.tryNow(),
    async [Symbol.asyncDispose]() {
      isOver = true;
      unfollowSettings();
      await running?.host[Symbol.asyncDispose]();
    },
  };
}
