import { rm } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { LocalChannel } from '../../shared/local-channel.ts';
import { openEmbeddedStores } from '../adapters/embedded/embedded-stores.ts';
import { createMemoryEventBus } from '../adapters/embedded/memory-event-bus.ts';
import { createMemoryJobQueue } from '../adapters/embedded/memory-job-queue.ts';
import { type Conversions, createConversions } from '../conversions/conversions.ts';
import { convertFile } from '../converter/convert-file.ts';
import { convertLimits } from '../converter/convert-limits.ts';
import { locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { openFfmpeg } from '../converter/ffmpeg/run-ffmpeg.ts';
import { startConverter } from '../converter/handle-convert.ts';
import { startNotifier } from '../notifier/notifier.ts';
import { systemClock } from '../ports/clock.ts';
import type { CodeStore } from '../ports/code-store.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { SessionStore } from '../ports/session-store.ts';
import type { UserStore } from '../ports/user-store.ts';
import { createLocalChannel } from './local-channel.ts';

/** What the embedded backend is told at its start. */
export interface EmbeddedSettings {
  /** Absolute path of the folder that keeps everything; made where it is missing. */
  readonly dataFolder: string;
  readonly ffmpegPath?: string;
  readonly maxDurationSeconds: number;
  readonly keepResultDays: number;
  /** How many conversions run at once. */
  readonly converterConcurrency: number;
  /** Whether a conversion waits while the disk is full; without, it fails. */
  readonly waitsForSpace: boolean;
  /** Whether those who want it are mailed of what has ended; somebody has to hand the mails over. */
  readonly sendsMail?: boolean;
}

/** The backend's services, but for the gateway, in this process. */
export interface EmbeddedBackend extends AsyncDisposable {
  readonly conversions: Conversions;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
  readonly store: ConversionStore;
  readonly events: EventBus;
  /** Absolute path. */
  readonly dataFolder: string;
  readonly channel: LocalChannel;
  /** Changes how many conversions run at once; those that run go on. */
  readonly setPlaces: (places: number) => void;
  /** Rejects with `unavailable` while something is away that it needs. */
  reachAll(): Promise<void>;
}

const daySeconds = 24 * 3600;

/**
 * Starts the embedded backend: takes its data folder, takes up whatever was under way when its last process ended, and converts.
 * Disposing of it gives running conversions back to their queue and lets go of the folder. Throws `data_in_use` while another
 * process has the folder, `unavailable` when it cannot be used or there is no ffmpeg.
 */
export async function startEmbedded(settings: EmbeddedSettings, log: Logger): Promise<EmbeddedBackend> {
  const binaries = await locateFfmpeg({
    searchPath: process.env['PATH'] ?? '',
    ...(settings.ffmpegPath === undefined ? {} : { ffmpegPath: settings.ffmpegPath }),
  });
  await using started = new AsyncDisposableStack();
  const stores = started.use(await openEmbeddedStores(settings.dataFolder));
  // Whoever wrote in there is dead: the lock is ours.
  await rm(stores.folder.work, { recursive: true, force: true });

  const events = createMemoryEventBus((error) => log.error({ err: error }, 'a listener failed'));
  started.defer(() => events.close());
  const videoQueue = createMemoryJobQueue((error) => log.error({ err: error }, 'a converter’s place failed'));
  const mp3Queue = createMemoryJobQueue((error) => log.error({ err: error }, 'a notifier failed'));

  const { videos, mp3s, users } = stores;
  const conversions = createConversions({
    store: stores.conversions,
    notifications: stores.notifications,
    mailOutbox: stores.mailOutbox,
    ...(settings.sendsMail ? { wantsMail: async (owner) => (await recipientIn(users, owner)) !== undefined } : {}),
    videos,
    mp3s,
    videoQueue,
    mp3Queue,
    events,
    clock: systemClock,
    log,
    retention: { sourceSeconds: daySeconds, resultSeconds: settings.keepResultDays * daySeconds },
  });
  started.defer(() => conversions.close());

  await conversions.sweeper.recover();
  const sweeper = conversions.sweeper.start();
  started.defer(() => sweeper.stop());

  const notifier = await startNotifier({ batches: conversions.batches, mp3Queue, log });
  started.defer(() => notifier.stop());
  const ffmpeg = await openFfmpeg(binaries);
  if (!ffmpeg.containment.complete) log.warn(ffmpeg.containment.sentence);
  const limits = convertLimits(settings);
  const converter = await startConverter({
    work: conversions.work,
    videos,
    mp3s,
    videoQueue,
    places: settings.converterConcurrency,
    workFolder: stores.folder.work,
    convert: (request) => convertFile({ ...request, ffmpeg, limits }),
    waits: settings.waitsForSpace,
    log,
  });
  started.defer(() => converter.stop());

  const running = started.move();
  return {
    conversions,
    users,
    sessions: stores.sessions,
    codes: stores.codes,
    store: stores.conversions,
    events,
    dataFolder: stores.folder.path,
    channel: createLocalChannel(conversions),
    setPlaces: (places) => converter.setPlaces(places),
    async reachAll() {
      await Promise.all([
        stores.conversions.get('nobody'),
        users.get('nobody'),
        videos.stat('nobody'),
        mp3s.stat('nobody'),
      ]);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Where to mail this account; undefined where its owner does not want it, or nobody has shown that mail arrives there. */
export async function recipientIn(users: UserStore, owner: string): Promise<string | undefined> {
  const user = await users.get(owner);
  return user?.confirmed && user.mail ? user.email : undefined;
}
