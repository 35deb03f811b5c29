import type { ConversionError, Warning } from '../../shared/api.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { MailEnd, MailOutboxStore } from '../ports/mail-outbox-store.ts';
import type { NotificationRecord, NotificationStore } from '../ports/notification-store.ts';
import { expiry, type Retention } from './conversion-view.ts';

/** One that was converted, as a mail tells of it. */
export interface MailedResult {
  /** What `fid` names. */
  readonly id: string;
  /** Of the MP3. */
  readonly fileName: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly warnings: readonly Warning[];
}

/** One that was not. */
export interface MailedFailure {
  /** Of the video. */
  readonly fileName: string;
  readonly error: ConversionError;
}

/** What a notification told of, as far as it is still so. */
export interface MailFacts {
  readonly batchId: string;
  /** All that were converted, and those among them of which the mail names each. */
  readonly done: number;
  readonly results: readonly MailedResult[];
  /** Among all that were converted: the video breaks off; and, of the others, parts could not be read. */
  readonly cutShort: number;
  readonly withGaps: number;
  readonly failed: number;
  readonly failures: readonly MailedFailure[];
  /** When the first of the MP3s goes; absent where there is none. */
  readonly keptUntil?: Date;
}

/** The mails that are owed, as notifiers reach them. */
export interface OutboxMails {
  /** The earliest due first. */
  list(): AsyncIterable<NotificationRecord>;
  /** Takes it for one hand-over. `due`: when another may look whether this one died over it. Undefined where another was faster. */
  claim(record: NotificationRecord, due: Date): Promise<NotificationRecord | undefined>;
  /** Gives it back, not to be tried before `due`. */
  postpone(record: NotificationRecord, due: Date): Promise<void>;
  /** Writes what became of it, and tells its owner. */
  end(record: NotificationRecord, end: MailEnd): Promise<void>;
  facts(record: NotificationRecord): Promise<MailFacts>;
}

export interface OutboxMailsParts {
  readonly mails: MailOutboxStore;
  readonly notifications: Pick<NotificationStore, 'get'>;
  readonly store: Pick<ConversionStore, 'get'>;
  readonly events: EventBus;
  readonly retention: Retention;
}

/** How many of a batch a mail names at most, converted ones and others each. */
const named = 100;

export function createOutboxMails({ mails, notifications, store, events, retention }: OutboxMailsParts): OutboxMails {
  return {
    list: () => mails.list(),

    async claim(record, due) {
      const { outboxMail, notification } = record;
      if (outboxMail === undefined) return undefined;
      const claimed = { tries: outboxMail.tries + 1, due: due.toISOString(), claimed: true };
      return (await mails.replace(notification.id, outboxMail.tries, claimed))
        ? { ...record, outboxMail: claimed }
        : undefined;
    },

    async postpone({ notification, outboxMail }, due) {
      if (outboxMail === undefined) return;
      const { tries } = outboxMail;
      await mails.replace(notification.id, tries, { tries, due: due.toISOString(), claimed: false });
    },

    async end({ owner, notification, outboxMail }, end) {
      if (outboxMail === undefined || !(await mails.replace(notification.id, outboxMail.tries, end))) return;
      // As it is now: it may have been read since.
      const now = end === 'withdrawn' ? undefined : await notifications.get(notification.id);
      if (now !== undefined) events.publish({ owner, event: { type: 'notification', notification: now.notification } });
    },

    async facts({ owner, notification, told }) {
      const results: MailedResult[] = [];
      const failures: MailedFailure[] = [];
      const counts = { done: 0, cutShort: 0, withGaps: 0, failed: 0 };
      let keptUntil: Date | undefined;
      for (const { conversionId, attempt } of told) {
        const row = await store.get(conversionId);
        // Removed meanwhile; or begun anew, of whose end there will be a mail of its own.
        if (row === undefined || row.owner !== owner || row.removedAt !== undefined || row.attempt !== attempt)
          continue;
        if (row.state === 'failed' && row.error !== undefined) {
          counts.failed += 1;
          if (failures.length < named) failures.push({ fileName: row.fileName, error: row.error });
        }
        if (row.state !== 'done' || row.result === undefined) continue;
        const { warnings, result } = row;
        counts.done += 1;
        if (warnings.some(({ code }) => code === 'cut_short')) counts.cutShort += 1;
        else if (warnings.some(({ code }) => code === 'gaps')) counts.withGaps += 1;
        const goes = expiry(row, retention);
        if (goes !== undefined && (keptUntil === undefined || goes < keptUntil)) keptUntil = goes;
        if (results.length >= named) continue;
        const { fileName, bytes, durationSeconds } = result;
        results.push({ id: row.id, fileName, bytes, seconds: durationSeconds, warnings });
      }
      const { batchId } = notification;
      return { batchId, ...counts, results, failures, ...(keptUntil === undefined ? {} : { keptUntil }) };
    },
  };
}
