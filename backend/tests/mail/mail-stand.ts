import { pino } from 'pino';
import type { Notification } from '../../../shared/api.ts';
import { AppError } from '../../../shared/errors.ts';
import { createSmtpMailer } from '../../adapters/smtp-mailer.ts';
import { createMailOutbox, type MailOutbox } from '../../notifier/mail-outbox.ts';
import type { NotificationRecord } from '../../ports/notification-store.ts';
import { makeTestConversions, type TestConversions } from '../test-conversions.ts';

/** Conversions whose ends are mailed over a real mailer, with a clock that the test controls. */
export interface MailStand extends AsyncDisposable {
  readonly test: TestConversions;
  readonly logged: readonly string[];
  /** The mail address of each owner; may be changed. Other owners get no mail. */
  readonly recipients: Map<string, string>;
  /** Opens another outbox, as another process would. */
  outbox(smtpUrl: string): MailOutbox;
  /** Creates a batch of one or more conversions that have ended, and returns its notification. */
  batch(options?: BatchOptions): Promise<Notification>;
  record(id: string): Promise<NotificationRecord | undefined>;
}

export interface BatchOptions {
  readonly owner?: string;
  /** File names of the MP3s of the batch. */
  readonly done?: readonly string[];
  readonly failed?: readonly string[];
}

let batches = 0;

export async function openMailStand(): Promise<MailStand> {
  const recipients = new Map([
    ['anna', 'anna@example.com'],
    ['bert', 'bert@example.com'],
  ]);
  await using opened = new AsyncDisposableStack();
  const test = opened.use(await makeTestConversions({ sendsMail: true }));
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  const kept = opened.move();

  async function end(id: string, name: string, failed: boolean): Promise<void> {
    const taken = await test.take(id);
    if (taken.kind !== 'work') throw new Error(`not taken: ${taken.kind}`);
    if (failed) return void (await taken.work.fail(new AppError('no_audio', 'This video has no sound.')));
    const fileName = name.replace(/mp4$/, 'mp3');
    await taken.work.finish({ fileName, bytes: 1_000_000, durationSeconds: 61, sha256: 'ab', peaks: [] }, []);
  }

  return {
    test,
    logged,
    recipients,
    outbox(smtpUrl) {
      const mailer = createSmtpMailer({ url: smtpUrl, from: 'Soundlift <no-reply@sound.example.org>' });
      kept.defer(() => mailer.close());
      return createMailOutbox({
        mails: test.conversions.mails,
        mailer,
        recipientOf: async (owner) => recipients.get(owner),
        url: 'https://sound.example.org',
        host: 'sound.example.org',
        clock: test.clock,
        log,
        skipped: ({ what, cause }) => log.error({ err: cause }, what),
      });
    },
    async batch({ owner = 'anna', done = ['talk.mp4'], failed = [] } = {}) {
      batches += 1;
      const batch = { batchId: `batch-${batches}`, batchSize: done.length + failed.length };
      const submitted: [id: string, name: string, failed: boolean][] = [];
      for (const fileName of [...done, ...failed]) {
        const intake = { fileName, options: { format: 'mp3' }, path: '/talk.mp4', bytes: 5, ...batch } as const;
        const { id } = await test.conversions.owned.submitFile(owner, intake);
        submitted.push([id, fileName, failed.includes(fileName)]);
      }
      for (const each of submitted) await end(...each);
      if (test.mp3Queue.take().length > 0) await test.conversions.batches.tellOfEnds();
      const { items } = await test.conversions.notifications.page({ owner, limit: 100 });
      const made = items.find(({ batchId }) => batchId === batch.batchId);
      if (made === undefined) throw new Error('the batch has no notification');
      return made;
    },
    record: (id) => test.notifications.get(id),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
