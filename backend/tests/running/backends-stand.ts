import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { keepSecretsInMemory, type SecretStore } from '../../../desktop/main/account/secret-store.ts';
import type { Backends, NotificationEvent } from '../../../desktop/main/backends/backends.ts';
import { type BackendsParts, openBackends } from '../../../desktop/main/backends/open-backends.ts';
import type { BackendStart } from '../../../desktop/main/local-backend/backend-start.ts';
import type { KeptSettings, SettingsStore } from '../../../desktop/main/settings/settings-store.ts';
import { keepSettingsInMemory } from '../../../desktop/tests/settings-in-memory.ts';
import { type BackendOnNode, startBackendOnNode } from './backend-on-node.ts';

/** The app's backends on plain Node: this computer's backend in its own process, and any server that they are given. */
export interface BackendsStand extends AsyncDisposable {
  readonly backends: Backends;
  readonly settings: SettingsStore;
  readonly secrets: SecretStore;
  /** The processes that were started for this computer's backend, and their start options. */
  readonly processes: readonly BackendOnNode[];
  readonly starts: readonly BackendStart[];
  readonly heard: readonly NotificationEvent[];
  readonly logged: readonly string[];
  /** Restarts the app with what it kept. */
  startAgain(): Promise<BackendsStand>;
}

export interface BackendsStandOptions extends Partial<Pick<BackendsParts, 'ffmpegPath' | 'secrets' | 'settings'>> {
  readonly backend?: KeptSettings['backend'];
  readonly dataFolder?: string;
}

export async function openBackendsStand(options: BackendsStandOptions = {}): Promise<BackendsStand> {
  const { backend = { kind: 'none' }, secrets = keepSecretsInMemory(), ffmpegPath } = options;
  const settings = options.settings ?? keepSettingsInMemory({ backend });
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'soundlift-backends-')));
  const processes: BackendOnNode[] = [];
  const starts: BackendStart[] = [];
  const heard: NotificationEvent[] = [];
  const logged: string[] = [];
  const backends = await openBackends({
    settings,
    dataFolder,
    secrets,
    startBackend(start) {
      const started = startBackendOnNode(start);
      starts.push(start);
      processes.push(started);
      return started;
    },
    ...(ffmpegPath === undefined ? {} : { ffmpegPath }),
    log: pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) }),
  });
  backends.followNotifications((event) => void heard.push(event));
  return {
    backends,
    settings,
    secrets,
    processes,
    starts,
    heard,
    logged,
    async startAgain() {
      await backends[Symbol.asyncDispose]();
      return await openBackendsStand({ ...options, settings, secrets, dataFolder });
    },
    async [Symbol.asyncDispose]() {
      await backends[Symbol.asyncDispose]();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
