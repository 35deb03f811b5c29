import type { Notification, Page } from '../../shared/api.ts';
import type { Changes, ChangesAfterQuery, ChangesInOrder, ChangesQuery } from './changes.ts';
import type { ToldEnd } from './conversion-store.ts';

export interface NotificationQuery {
  readonly owner: string;
  /** If true, only unread ones. */
  readonly unread?: boolean;
  /** From 1 to 100. */
  readonly limit: number;
  /** `next` of the previous page. An invalid cursor throws `bad_request`. */
  readonly cursor?: string;
}

/** A mail that was not sent yet. */
export interface OutboxMail {
  /** Raised by every write. The process that sends the mail keeps raising it. */
  readonly revision: number;
  /** How many attempts to send it were started. */
  readonly tries: number;
  /** ISO 8601. The mail must not be tried before this. */
  readonly due: string;
  /** True from the start of an attempt until its outcome is written, and permanently if the process that started it has died. */
  readonly claimed: boolean;
}

/** A notification, with the conversions that it covers and their attempts. */
export interface NotificationRecord {
  readonly owner: string;
  readonly notification: Notification;
  readonly told: readonly ToldEnd[];
  /** Absent if no mail was wanted, and once the mail has ended; then `notification.mail` is the outcome. */
  readonly outboxMail?: OutboxMail;
}

/** In-app notifications. Durable; throws `unavailable` when the store cannot be reached. */
export interface NotificationStore {
  /** Returns false, and writes nothing, if the id exists. So of two notifications for the same ends, only the first is stored. */
  insert(record: NotificationRecord): Promise<boolean>;

  get(id: string): Promise<NotificationRecord | undefined>;

  /** How many notifications a batch has. The id of the next one contains this number. */
  countOfBatch(owner: string, batchId: string): Promise<number>;

  /** One owner's notifications, newest first. */
  page(query: NotificationQuery): Promise<Page<Notification>>;

  /** One owner's notifications that were written since `since`: made, read, or otherwise changed. Without `since`, none. */
  changes(query: ChangesQuery): Promise<Changes<Notification>>;

  /**
   * One owner's notifications that were written after `since`, in the order of their last writes. Undefined if the store cannot
   * determine them, for the reasons of `Changes.complete`.
   */
  changesAfter(query: ChangesAfterQuery): Promise<ChangesInOrder<Notification> | undefined>;

  /** Marks those of `ids` that are unread and belong to this owner, and returns their ids. `at` is ISO 8601. */
  markRead(owner: string, ids: readonly string[], at: string): Promise<readonly string[]>;

  /**
   * Deletes up to `limit` notifications, of all owners, that were made before `before` (ISO 8601) and have no mail in the outbox.
   * Returns how many.
   */
  removeBefore(before: string, limit: number): Promise<number>;

  /** Deletes all notifications of one owner. */
  removeAllOf(owner: string): Promise<void>;
}
