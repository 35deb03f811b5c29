import type { Logger } from 'pino';
import type { ConversionError, Warning } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { MailEnd, MailOutboxStore } from '../ports/mail-outbox-store.ts';
import type { NotificationRecord, NotificationStore, OutboxMail } from '../ports/notification-store.ts';
import { expiry, type Retention } from './conversion-view.ts';
import { keepLease } from './kept-lease.ts';

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

/** A mail that this process hands over. Once another process has taken it over, nothing that is written here counts. */
export interface ClaimedMail extends AsyncDisposable {
  /** How many hand-overs were begun, this one included. */
  readonly tries: number;
  /** Fires when another process has taken the mail over. */
  readonly signal: AbortSignal;
  /** Gives the mail back, not to be tried before `due`. */
  postpone(due: Date): Promise<void>;
  /** Writes how the mail ended, and tells its owner. */
  end(end: MailEnd): Promise<void>;
}

/** The outbox as notifiers reach it. */
export interface OutboxMails {
  /** The earliest due first. */
  list(): AsyncIterable<NotificationRecord>;
  /** Takes the mail for one hand-over. Undefined if another process was faster. */
  claim(record: NotificationRecord): Promise<ClaimedMail | undefined>;
  /** Takes the mail out of the outbox, if nobody has written to it since. */
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

/** What is written of a mail; a change of nothing raises its revision alone. */
type MailChange = Partial<Omit<OutboxMail, 'revision'>> | MailEnd;

/** How many of a batch a mail names at most, converted ones and others each. */
const named = 100;

export function createOutboxMails(parts: OutboxMailsParts): OutboxMails {
  const { mails, notifications, store, events, retention, log } = parts;

  async function tellEnd(owner: string, notificationId: string): Promise<void> {
    // As it is now: it may have been read since.
    const now = await notifications.get(notificationId);
    if (now !== undefined) events.publish({ owner, event: { type: 'notification', notification: now.notification } });
  }

  return {
    list: () => mails.list(),

    async claim({ owner, notification: { id }, outboxMail }) {
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
          if (await kept.end(end)) await tellEnd(owner, id);
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
