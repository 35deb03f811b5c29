import { exampleConversion, exampleEnded, exampleTime } from '../../ports/conversion-examples.ts';
import type { ConversionRow, ConversionStore } from '../../ports/conversion-store.ts';
import type { LeaseStore } from '../../ports/lease-store.ts';
import type { MailOutboxStore } from '../../ports/mail-outbox-store.ts';
import type { NotificationRecord, NotificationStore } from '../../ports/notification-store.ts';

export interface CalledStores {
  readonly conversions: ConversionStore;
  readonly notifications: NotificationStore;
  readonly mailOutbox: MailOutboxStore;
  readonly leases: LeaseStore;
}

/** A notification, for tests. Every text of it may be replaced. */
export function exampleRecord(given: { readonly id: string; readonly owner: string; readonly batchId: string }) {
  const { id, owner, batchId } = given;
  const record: NotificationRecord = {
    owner,
    notification: {
      ...{ id, kind: 'one', batchId, conversionIds: ['conversion'], counts: { done: 1, failed: 0, warned: 0 } },
      ...{ seconds: 1, bytes: 1, message: 'It is ready.', createdAt: exampleTime },
    },
    told: [{ conversionId: 'conversion', attempt: 1 }],
    outboxMail: { revision: 0, tries: 0, due: exampleTime, claimed: false },
  };
  return record;
}

/**
 * Every call of the stores once, by name, with `text` wherever a caller gives one: as an id, an owner, a batch, a key, a name, a time.
 * In the order of the list, none of them throws in stores that work.
 */
export function everyCall(stores: CalledStores, text: string): readonly (readonly [string, () => Promise<unknown>])[] {
  const { conversions, notifications, mailOutbox, leases } = stores;
  const of = { owner: text, limit: 10 };
  const row = exampleConversion({ id: text, owner: text, batchId: text, uploadKey: text, fileName: text });
  const ended: ConversionRow = { ...exampleEnded('failed'), id: text, owner: text, batchId: text, revision: 2 };
  const removed: ConversionRow = { ...ended, revision: 4, notificationId: text, removedAt: exampleTime };
  const record = exampleRecord({ id: text, owner: text, batchId: text });
  const first = (rows: AsyncIterable<unknown>) => rows[Symbol.asyncIterator]().next();
  return [
    ['insert', () => conversions.insert(row)],
    ['insert with a limit', () => conversions.insert(exampleConversion({ owner: text, state: 'uploading' }), 5)],
    ['get', () => conversions.get(text)],
    ['getByUploadKey', () => conversions.getByUploadKey(text, text)],
    ['nextQueued', () => conversions.nextQueued(text, text)],
    ['queuePositions', () => conversions.queuePositions([text])],
    ['replace', () => conversions.replace(row, ended)],
    ['page', () => conversions.page(of)],
    ['page of a batch', () => conversions.page({ ...of, batchId: text })],
    ['page of a state', () => conversions.page({ ...of, state: 'failed' })],
    ['changes', () => conversions.changes(of)],
    ['changes since', () => conversions.changes({ ...of, since: text })],
    ['changesAfter', () => conversions.changesAfter({ ...of, since: text })],
    ['scan working', () => first(conversions.scan('working'))],
    ['scan queued', () => first(conversions.scan('queued'))],
    ['scanExpired', () => first(conversions.scanExpired({ removed: text, ended: text, sources: text }))],
    ['scanIds', () => conversions.scanIds([text])],
    ['countActive', () => conversions.countActive()],
    ['untoldBatches', () => first(conversions.untoldBatches())],
    ['batchSummary', () => conversions.batchSummary(text, text)],
    ['untoldOfBatch', () => first(conversions.untoldOfBatch(text, text))],
    ['markTold', () => conversions.markTold(text, [{ conversionId: text, attempt: 1 }])],
    ['replace again', () => conversions.replace({ ...ended, revision: 3 }, removed)],
    ['forget', () => conversions.forget(removed)],
    ['forgetUnreadable', () => conversions.forgetUnreadable(text)],
    ['insert a notification', () => notifications.insert(record)],
    ['get a notification', () => notifications.get(text)],
    ['countOfBatch', () => notifications.countOfBatch(text, text)],
    ['page of notifications', () => notifications.page(of)],
    ['page of unread notifications', () => notifications.page({ ...of, unread: true })],
    ['changes of notifications', () => notifications.changes({ ...of, since: text })],
    ['changesAfter of notifications', () => notifications.changesAfter({ ...of, since: text })],
    ['markRead', () => notifications.markRead(text, [text], text)],
    ['list', () => first(mailOutbox.list())],
    ['replace a mail', () => mailOutbox.replace(text, 0, 'sent')],
    ['removeBefore', () => notifications.removeBefore(text, 10)],
    ['removeAllOf', () => notifications.removeAllOf(text)],
    ['read', () => leases.read(text)],
    ['raise', () => leases.raise(text, 0, true)],
    ['raise again', () => leases.raise(text, 1, true)],
  ];
}
