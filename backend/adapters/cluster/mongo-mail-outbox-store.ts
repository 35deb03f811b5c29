import type { MailOutboxStore } from '../../ports/mail-outbox-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { unnumbered } from './mongo-changes.ts';
import { type NotificationTable, readNotifications, toRecord } from './mongo-notification-documents.ts';
import { type FoundDocument, valueAt } from './mongo-table.ts';

/** How many are read at once. */
const listPortion = 20;

/** The outbox of the notifications in MongoDB. */
export function createMongoMailOutboxStore(table: NotificationTable, onSkipped: ReportSkipped): MailOutboxStore {
  return {
    async *list() {
      let place: readonly [string, string] = ['', ''];
      for (;;) {
        const found: readonly FoundDocument[] = await table.find({
          index: 'outbox',
          filter: {
            'outboxMail.due': { $exists: true, $gte: place[0] },
            $or: [{ 'outboxMail.due': { $gt: place[0] } }, { tie: { $gt: place[1] } }],
          },
          sort: { 'outboxMail.due': 1, tie: 1 },
          limit: listPortion,
        });
        yield* readNotifications(found, toRecord, onSkipped);
        const last = found.at(-1);
        if (last === undefined || found.length < listPortion) return;
        place = [String(valueAt(last, 'outboxMail.due')), String(last['tie'])];
      }
    },

    replace(notificationId, revision, next) {
      const filter = { _id: { $eq: notificationId }, 'outboxMail.revision': { $eq: revision } };
      // The state of a mail in the outbox is nothing that its owner sees, so it is no change.
      if (typeof next !== 'string') return table.update({ filter, change: { $set: { outboxMail: next } } });
      const end = next === 'withdrawn' ? {} : { mail: next };
      return table.update({
        filter,
        change: {
          ...unnumbered,
          $set: { ...unnumbered.$set, ...end, settled: true },
          $unset: { outboxMail: true },
        },
      });
    },
  };
}
