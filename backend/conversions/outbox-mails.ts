import type { Logger } from 'pino';
import type { ConversionError, Warning } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { MailEnd, MailOutboxStore } from '../ports/mail-outbox-store.ts';
import type { NotificationRecord, NotificationStore, OutboxMail } from '../ports/notification-store.ts';
import { expiry, type Retention } from './conversion-view.ts';
import { keepLease } from './kept-lease.ts';

/** A converted file, as a mail describes it. */
export interface MailedResult {
  /** The conversion's id, which the link to the file contains. */
  readonly id: string;
  /** Name of the MP3. */
  readonly fileName: string;
  readonly bytes: number;
  readonly seconds: number;
  readonly warnings: readonly Warning[];
}

/** A file that could not be converted. */
export interface MailedFailure {
  /** Name of the video. */
  readonly fileName: string;
  readonly error: ConversionError;
}

/** The contents of a notification, as far as they still apply. */
export interface MailFacts {
  readonly batchId: string;
  /** How many were converted, and those that the mail names. */
  readonly done: number;
  readonly results: readonly MailedResult[];
  /** Of all that were converted: how many are cut short, and how many of the others have unreadable parts. */
  readonly cutShort: number;
  readonly withGaps: number;
  readonly failed: number;
  readonly failures: readonly MailedFailure[];
  /** When the first of the MP3s is removed; absent if there is none. */
  readonly keptUntil?: Date;
}

/** A mail that this process is sending. Once another process has taken it over, nothing written here has an effect. */
export interface ClaimedMail extends AsyncDisposable {
  /** How many attempts to send it were started, including this one. */
  readonly tries: number;
  /** Fires when another process has taken the mail over. */
  readonly signal: AbortSignal;
  /** Gives the mail back, not to be tried before `due`. */
  postpone(due: Date): Promise<void>;
  /** Writes how the mail ended, and publishes the notification to its owner. */
  end(end: MailEnd): Promise<void>;
}

/** The operations that notifiers use on the outbox. */
export interface OutboxMails {
  /** The earliest due first. */
  list(): AsyncIterable<NotificationRecord>;
  /**
   * Takes the mail for one attempt to send it. Undefined if another process was faster. While the store is unavailable, the end of
   * the mail is written again and again until `patience` fires, because it would be sent twice otherwise.
   */
  claim(record: NotificationRecord, patience?: AbortSignal): Promise<ClaimedMail | undefined>;
  /** Removes the mail from the outbox, if no process has written to it since. */
  withdraw(record: NotificationRecord): Promise<void>;
  facts(record: NotificationRecord): Promise<MailFacts>;
}

export interface OutboxMailsParts {
  readonly mails: MailOutboxStore;
  readonly notifications: Pick<NotificationStore, 'get'>;
  readonly store: Pick<ConversionStore, 'get'>;
  readonly events: EventBus;
  readonly retention: Retention;
  readonly log: Logger;
}

/** A change to a mail. An empty change only raises its revision. */
type MailChange = Partial<Omit<OutboxMail, 'revision'>> | MailEnd;

/** How many converted files a mail names at most, and how many failed ones. */
const named = 100;

export function createOutboxMails(parts: OutboxMailsParts): OutboxMails {
  const { mails, notifications, store, events, retention, log } = parts;

  async function tellEnd(owner: string, notificationId: string): Promise<void> {
    // The current notification: it may have been read since.
    const now = await notifications.get(notificationId);
    if (now !== undefined) events.publish({ owner, event: { type: 'notification', notification: now.notification } });
  }

  return {
    list: () => mails.list(),

    async claim({ owner, notification: { id }, outboxMail }, patience) {
      if (outboxMail === undefined) return undefined;
      let current = outboxMail;
      async function write(change: MailChange): Promise<true | AppError> {
        const { revision } = current;
        const next = typeof change === 'string' ? change : { ...current, ...change, revision: revision + 1 };
        if (!(await mails.replace(id, revision, next))) return new AppError('wrong_state', 'The mail was taken over.');
        if (typeof next !== 'string') current = next;
        return true;
      }
      const tries = current.tries + 1;
      if ((await write({ tries, claimed: true })) !== true) return undefined;
      const kept = keepLease({ write, renewal: () => ({}), log: log.child({ notification: id }) });
      return {
        tries,
        signal: kept.signal,
        async postpone(due) {
          await kept.end({ due: due.toISOString(), claimed: false });
        },
        async end(end) {
          if (await kept.end(end, patience)) await tellEnd(owner, id);
        },
        [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
      };
    },

    async withdraw({ notification, outboxMail }) {
      if (outboxMail !== undefined) await mails.replace(notification.id, outboxMail.revision, 'withdrawn');
    },

    async facts({ owner, notification, told }) {
      const results: MailedResult[] = [];
      const failures: MailedFailure[] = [];
      const counts = { done: 0, cutShort: 0, withGaps: 0, failed: 0 };
      let keptUntil: Date | undefined;
      for (const { conversionId, attempt } of told) {
        const row = await store.get(conversionId);
        // Removed in between, or started again; a restarted one gets its own mail when it ends.
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
