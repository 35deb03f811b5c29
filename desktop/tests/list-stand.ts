import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Logger, pino } from 'pino';
import { startEmbedded } from '../../backend/main/embedded.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../../backend/tests/running/held-ffmpeg.ts';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { createLocalBackend } from '../client/local-backend.ts';
import type { Row } from '../ipc.ts';
import { type BackendKey, type Backends, hereKey, type KnownBackend } from '../main/backends/backends.ts';
import type { ConversionList, ListNews, Questions } from '../main/list/conversion-list.ts';
import { openConversionList } from '../main/list/open-conversion-list.ts';
import type { KeptSettings, SettingsStore } from '../main/settings/settings-store.ts';
import { keepSettingsInMemory } from './settings-in-memory.ts';

/** A list for tests, over the real local backend in this process, and over the backends that a test adds. */
export interface ListStand extends AsyncDisposable {
  readonly list: ConversionList;
  readonly settings: SettingsStore;
  readonly news: readonly ListNews[];
  /** The ffmpeg of the local backend. */
  readonly ffmpeg: HeldFfmpeg;
  /** The data folder of the local backend and of the list. */
  readonly dataFolder: string;
  /** The folder for the test's videos. */
  readonly videos: string;
  readonly answers: { folder: string | undefined; nameTaken: 'keep_both' | 'replace' };
  /** Returns the row of the source with that name. */
  row(name: string): Row | undefined;
  until(name: string, kind: Row['state']['kind']): Promise<Row>;
  /** Use it with a held ffmpeg, which keeps the row in that state. */
  untilProgress(name: string): Promise<Row>;
  /** Whether calls to a backend are pending. */
  hasPendingCalls(): boolean;
  /** Restarts the list, as after a restart of the app. */
  reopen(): Promise<ListStand>;
}

export interface ListStandOptions {
  /** The folder of an earlier stand. */
  readonly folder?: string;
  /** The folder for the file of the list. Left out, the same. */
  readonly listFolder?: string;
  readonly settings?: Partial<KeptSettings>;
  /** Backends in addition to this computer's. */
  readonly others?: Pick<Backends, 'of' | 'hostOf' | 'follow'>;
  readonly current?: BackendKey;
  readonly atOnce?: number;
  /** The folder is not removed at the end. */
  readonly keepsFolder?: boolean;
}

export async function openListStand(options: ListStandOptions = {}): Promise<ListStand> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'soundlift-list-')));
  const videos = join(folder, 'videos');
  await mkdir(videos, { recursive: true });
  const ffmpeg = await makeHeldFfmpeg(folder);
  const log: Logger = pino({ level: 'silent' });
  const embedded = await startEmbedded(
    {
      dataFolder: join(folder, 'backend'),
      ffmpegPath: ffmpeg.path,
      maxDurationSeconds: 3600,
      keepResultDays: 1,
      converterConcurrency: options.atOnce ?? 2,
      whenFull: 'wait',
    },
    log,
  );
  const settings = keepSettingsInMemory({ backend: { kind: 'here' }, ...options.settings });
  const here: KnownBackend = { key: hereKey, backend: createLocalBackend(embedded.channel), reachable: () => true };
  const backends: Pick<Backends, 'currentKey' | 'current' | 'here' | 'of' | 'hostOf' | 'follow'> = {
    currentKey: () => options.current ?? hereKey,
    current: () => backends.of(options.current ?? hereKey),
    here: () => here,
    of: (key: BackendKey) => (key === hereKey ? here : options.others?.of(key)),
    hostOf: (key: BackendKey) => options.others?.hostOf(key),
    follow: (listener) => options.others?.follow(listener) ?? (() => undefined),
  };
  const answers: ListStand['answers'] = { folder: undefined, nameTaken: 'keep_both' };
  const questions: Questions = {
    folder: async () => answers.folder,
    nameTaken: async () => answers.nameTaken,
  };
  const { list } = openConversionList({
    file: join(options.listFolder ?? folder, 'list.sqlite'),
    backends: backends as Backends,
    settings,
    questions,
    home: folder,
    log,
  });
  const news: ListNews[] = [];
  list.follow((change) => {
    if (change.type === 'news') news.push(change.news);
  });
  let isOpen = true;
  async function close(): Promise<void> {
    if (!isOpen) return;
    isOpen = false;
    await list[Symbol.asyncDispose]();
    await embedded[Symbol.asyncDispose]();
  }
  const row = (name: string): Row | undefined => list.rows().find(({ sourceName }) => sourceName === name);
  return {
    list,
    hasPendingCalls() {
      using database = new DatabaseSync(join(folder, 'list.sqlite'), { readOnly: true });
      return database.prepare('SELECT 1 FROM pending_calls').get() !== undefined;
    },
    settings,
    news,
    ffmpeg,
    dataFolder: folder,
    videos,
    answers,
    row,
    async until(name, kind) {
      return await waitUntil(`${name} is ${kind}`, () => {
        const found = row(name);
        return found?.state.kind === kind ? found : undefined;
      });
    },
    async untilProgress(name) {
      return await waitUntil(`${name} makes progress`, () => {
        const found = row(name);
        return found?.state.kind === 'converting' && (found.fraction ?? 0) > 0 ? found : undefined;
      });
    },
    async reopen() {
      await close();
      return await openListStand({ ...options, folder, settings: settings.get() });
    },
    async [Symbol.asyncDispose]() {
      await close();
      if (options.keepsFolder !== true) await rm(folder, { recursive: true, force: true });
    },
  };
}
