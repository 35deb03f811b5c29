import type { Config } from '../config.ts';
import type { Retention } from '../conversions/conversion-view.ts';
import {
  createConverterSide,
  createNotifierSide,
  createOwnerSide,
  type OwnerSide,
} from '../conversions/conversions.ts';
import type { OnTransition } from '../conversions/rows.ts';
import { convertFile } from '../converter/convert-file.ts';
import { convertLimits } from '../converter/convert-limits.ts';
import type { FfmpegBinaries } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { openFfmpeg } from '../converter/ffmpeg/run-ffmpeg.ts';
import { startConverter, type WhenFull } from '../converter/handle-convert.ts';
import type { Authentication } from '../http/authentication.ts';
import { startNotifier } from '../notifier/notifier.ts';
import type { Consumer } from '../ports/job-queue.ts';
import type { Mailer } from '../ports/mailer.ts';
import type { Parts } from './parts.ts';

const daySeconds = 24 * 3600;

export function retentionOf({ keepResultDays }: Pick<Config, 'keepResultDays'>): Retention {
  return { sourceSeconds: daySeconds, resultSeconds: keepResultDays * daySeconds };
}

/** Called for each transition that a service of this process writes. */
interface Counting {
  readonly onTransition?: OnTransition;
}

type OwnerSideParts = Counting &
  Pick<
    Parts,
    | 'conversions'
    | 'notifications'
    | 'leases'
    | 'videos'
    | 'mp3s'
    | 'videoQueue'
    | 'mp3Queue'
    | 'events'
    | 'clock'
    | 'log'
    | 'exclusive'
    | 'skipped'
  >;

/** Starts the operations for owners, through the gateway or the private channel, and the sweeper. */
export async function startOwnerSide(
  parts: OwnerSideParts,
  settings: Pick<Config, 'keepResultDays'>,
): Promise<OwnerSide & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const side = createOwnerSide({ ...parts, store: parts.conversions, retention: retentionOf(settings) });
  started.defer(() => side.close());
  if (parts.exclusive) await side.sweeper.recover();
  const sweeper = side.sweeper.start(parts.exclusive);
  started.defer(() => sweeper.stop());
  const running = started.move();
  return { ...side, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

type ConverterServiceParts = Counting &
  Pick<
    Parts,
    | 'conversions'
    | 'videos'
    | 'mp3s'
    | 'videoQueue'
    | 'mp3Queue'
    | 'events'
    | 'clock'
    | 'log'
    | 'workFolder'
    | 'skipped'
    | 'workRoom'
  >;

export interface ConverterSettings
  extends Pick<Config, 'keepResultDays' | 'maxDurationSeconds' | 'converterConcurrency'> {
  readonly binaries: FfmpegBinaries;
  readonly whenFull: WhenFull;
}

/** Starts the converter. Stopping it gives running conversions back. Throws `unavailable` when ffmpeg cannot be run. */
export async function startConverterService(
  parts: ConverterServiceParts,
  settings: ConverterSettings,
): Promise<Consumer> {
  const ffmpeg = await openFfmpeg(settings.binaries, {
    onContained({ complete, sentence }) {
      if (!complete) parts.log.warn(sentence);
    },
  });
  const limits = convertLimits(settings);
  return await startConverter({
    ...parts,
    work: createConverterSide({ ...parts, store: parts.conversions, retention: retentionOf(settings) }),
    places: settings.converterConcurrency,
    convert: (request) => convertFile({ ...request, ffmpeg, limits }),
    whenFull: settings.whenFull,
    room: () => parts.workRoom(),
  });
}

type NotifierServiceParts = Counting &
  Pick<Parts, 'conversions' | 'notifications' | 'mailOutbox' | 'mp3Queue' | 'events' | 'clock' | 'log' | 'skipped'>;

/** What the notifier needs to send mail. */
export interface NotifierMail {
  readonly mailer: Mailer;
  readonly authentication: Pick<Authentication, 'mailAddress'>;
  /** The URL of the gateway as people reach it, without a slash at its end. */
  readonly url: string;
  /** The name of this server. It must be the same after each start. */
  readonly host: string;
}

/** Starts the notifier. Without `mail`, it makes notifications and no mails. */
export async function startNotifierService(
  parts: NotifierServiceParts,
  settings: Pick<Config, 'keepResultDays'>,
  mail?: NotifierMail,
): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const { batches, mails } = createNotifierSide({
    ...parts,
    store: parts.conversions,
    retention: retentionOf(settings),
    sendsMail: mail !== undefined,
  });
  const notifier = await startNotifier({ ...parts, batches });
  started.defer(() => notifier.stop());
  if (mail !== undefined) {
    // Loaded only when needed: most backends send no mail.
    const [{ createMailOutbox }, { runOutbox }] = await Promise.all([
      import('../notifier/mail-outbox.ts'),
      import('../notifier/run-outbox.ts'),
    ]);
    const { authentication, ...rest } = mail;
    const recipientOf = (owner: string): Promise<string | undefined> => authentication.mailAddress(owner);
    const outbox = runOutbox({ ...parts, outbox: createMailOutbox({ ...parts, ...rest, mails, recipientOf }) });
    started.defer(() => outbox.stop());
  }
  return started.move();
}
