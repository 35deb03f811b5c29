import type { Notification, Page } from '../../shared/api.ts';
import type { Changes, ChangesQuery } from './changes.ts';

export interface NotificationQuery {
  readonly owner: string;
  /** True: only those that are unread. */
  readonly unread?: boolean;
  /** From 1 to 100. */
  readonly limit: number;
  /** `next` of the page before. One that was never given out throws `bad_request`. */
  readonly cursor?: string;
}

/** A mail that was not handed over yet. */
export interface OutboxMail {
  /** Raised by every write; the process that hands the mail over keeps raising it. */
  readonly revision: number;
  /** How many hand-overs were begun. */
  readonly tries: number;
  /** ISO 8601: not to be tried before. */
  readonly due: string;
  /** True from the start of a hand-over until its outcome is written, and for good if the process that began it has died. */
  readonly claimed: boolean;
}

/** A notification and which conversions it told of, at which attempt. */
export interface NotificationRecord {
  readonly owner: string;
  readonly notification: Notification;
  readonly told: readonly { readonly conversionId: string; readonly attempt: number }[];
  /** Absent where no mail was wanted, and once it has ended: then `notification.mail` says how. */
  readonly outboxMail?: OutboxMail;
}

/** In-app notifications. Durable; throws `unavailable` when the store cannot be reached. */
export interface NotificationStore {
  /** False, and nothing is written, when the id exists: so the first of two that tell the same thing wins. */
  insert(record: NotificationRecord): Promise<boolean>;

  get(id: string): Promise<NotificationRecord | undefined>;

  /** How many there are of a batch: the next one's id is made from it. */
  countOfBatch(owner: string, batchId: string): Promise<number>;

  /** One owner's, newest first. */
  page(query: NotificationQuery): Promise<Page<Notification>>;

  /** One owner's that were written since `since`: made, read, or otherwise changed. Without `since`: none. */
  changes(query: ChangesQuery): Promise<Changes<Notification>>;

  /** Marks those of `ids` that are this owner's and unread; returns their ids. `at` is ISO 8601. */
  markRead(owner: string, ids: readonly string[], at: string): Promise<readonly string[]>;

  /** Deletes all of one owner. */
  removeAllOf(owner: string): Promise<void>;
}
