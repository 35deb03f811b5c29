import type { Notification } from '../../../shared/api.ts';
import type { NotificationRecord, OutboxMail } from '../../ports/notification-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { checkNotification, checkOutboxMail, checkRecord } from '../stored-rows/readable-rows.ts';
import { type ChangingDocument, changeIndexes } from './mongo-changes.ts';
import type { FoundDocument, MongoTable, TableDescription } from './mongo-table.ts';

/** A notification. Its mail and whether it was read are apart from the rest, which is never written again. */
export interface StoredNotification extends ChangingDocument {
  readonly owner: string;
  readonly notification: Omit<Notification, 'readAt' | 'mail'>;
  readonly told: NotificationRecord['told'];
  /** Orders those that were made at the same moment. */
  readonly tie: string;
  readonly readAt?: string;
  /** Unless it was read. */
  readonly unread?: true;
  /** The name of the call that marked it as read. */
  readonly readBy?: string;
  /** The outcome of its mail. */
  readonly mail?: string;
  readonly outboxMail?: OutboxMail;
  /** Unless its mail is in the outbox. */
  readonly settled?: true;
}

export type NotificationIndex = 'of_owner' | 'unread_of_owner' | 'of_batch' | 'settled' | 'outbox' | 'changed';
export type NotificationTable = MongoTable<StoredNotification, NotificationIndex>;

const byTime = { owner: 1, 'notification.createdAt': 1, tie: 1 } as const;

export const notificationsTable: TableDescription<NotificationIndex> = {
  name: 'notifications',
  indexes: {
    of_owner: { key: byTime },
    unread_of_owner: { key: byTime, partialFilterExpression: { unread: true } },
    of_batch: { key: { owner: 1, 'notification.batchId': 1 } },
    settled: { key: { 'notification.createdAt': 1 }, partialFilterExpression: { settled: true } },
    outbox: {
      key: { 'outboxMail.due': 1, tie: 1 },
      partialFilterExpression: { 'outboxMail.due': { $exists: true } },
    },
    ...changeIndexes('owner'),
  },
};

/** What to read of a notification as its owner sees it: without the list of all conversions that it covers, which may be long. */
export const shownFields = { notification: 1, readAt: 1, mail: 1 } as const;

/** Throws if it cannot be read. */
export function toRecord(document: FoundDocument): NotificationRecord {
  const { owner, notification, told, outboxMail } = document;
  const record = checkRecord({ owner, notification, told });
  return {
    ...record,
    notification: withOutcome(record.notification, document),
    ...(outboxMail === undefined ? {} : { outboxMail: checkOutboxMail(outboxMail) }),
  };
}

/** Throws if it cannot be read. */
export function toNotification(document: FoundDocument): Notification {
  return withOutcome(checkNotification(document['notification']), document);
}

function withOutcome(notification: Notification, { readAt, mail }: FoundDocument): Notification {
  return {
    ...notification,
    ...(typeof mail === 'string' ? { mail } : {}),
    ...(typeof readAt === 'string' ? { readAt } : {}),
  };
}

/** Reads documents with `read`. Reports those that cannot be read, and leaves them out. */
export function readNotifications<Read>(
  documents: readonly FoundDocument[],
  read: (document: FoundDocument) => Read,
  onSkipped: ReportSkipped,
): readonly Read[] {
  return documents.flatMap((document) => {
    try {
      return [read(document)];
    } catch (cause) {
      const id = String(document['_id']);
      onSkipped({ kind: 'notification', id, what: 'could not read the row of a notification', cause });
      return [];
    }
  });
}
