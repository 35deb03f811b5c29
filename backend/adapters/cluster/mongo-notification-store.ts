import { randomUUID } from 'node:crypto';
import type { Filter } from 'mongodb';
import { isAppError } from '../../../shared/errors.ts';
import type { NotificationStore } from '../../ports/notification-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { fromCursor, toCursor } from '../stored-rows/page-cursor.ts';
import { type ChangePositions, unnumbered } from './mongo-changes.ts';
import {
  type NotificationTable,
  readNotifications,
  type StoredNotification,
  shownFields,
  toNotification,
  toRecord,
} from './mongo-notification-documents.ts';
import { type FoundDocument, valueAt } from './mongo-table.ts';

export interface MongoNotificationParts {
  readonly table: NotificationTable;
  readonly positions: ChangePositions;
  readonly onSkipped: ReportSkipped;
}

/** Sort key: when a notification was made, and what orders those of that moment. */
function isPlace(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === 'string');
}

/** Notifications in MongoDB, each one document. */
export function createMongoNotificationStore(parts: MongoNotificationParts): NotificationStore {
  const { table, positions, onSkipped } = parts;
  const readAll = (documents: readonly FoundDocument[]) => readNotifications(documents, toNotification, onSkipped);

  return {
    async insert({ owner, notification: whole, told, outboxMail }) {
      const { readAt, mail, ...notification } = whole;
      const set = {
        ...{ owner, notification, told, tie: randomUUID(), readAt, mail, outboxMail },
        unread: readAt === undefined ? true : undefined,
        settled: outboxMail === undefined ? true : undefined,
      };
      const given = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
      try {
        await table.upsert({
          // Matches no document, since each has a `tie`. So this only ever inserts.
          filter: { _id: { $eq: notification.id }, tie: { $exists: false } },
          change: { ...unnumbered, $set: { ...unnumbered.$set, ...given } },
        });
        return true;
      } catch (error) {
        if (isAppError(error, 'taken')) return false;
        throw error;
      }
    },

    async get(id) {
      const found = await table.find({ index: 'ids', filter: { _id: { $eq: id } }, limit: 1 });
      return readNotifications(found, toRecord, onSkipped)[0];
    },

    countOfBatch: (owner, batchId) =>
      table.count({
        index: 'of_batch',
        filter: { owner: { $eq: owner }, 'notification.batchId': { $eq: batchId } },
      }),

    async page({ owner, unread, limit, cursor }) {
      const place = cursor === undefined ? undefined : fromCursor(cursor, isPlace);
      const filter: Filter<StoredNotification> = {
        owner: { $eq: owner },
        ...(unread ? { unread: true } : {}),
        ...(place === undefined
          ? {}
          : {
              'notification.createdAt': { $lte: place[0] },
              $or: [{ 'notification.createdAt': { $lt: place[0] } }, { tie: { $lt: place[1] } }],
            }),
      };
      // One more row than requested shows whether there is another page.
      const found = await table.find({
        index: unread ? 'unread_of_owner' : 'of_owner',
        filter,
        sort: { 'notification.createdAt': -1, tie: -1 },
        limit: limit + 1,
        fields: { ...shownFields, tie: 1 },
      });
      const shown = found.slice(0, limit);
      const items = readAll(shown);
      const last = shown.at(-1);
      if (found.length <= limit || last === undefined) return { items };
      return { items, next: toCursor([String(valueAt(last, 'notification.createdAt')), String(last['tie'])]) };
    },

    async changes(query) {
      const { since, limit } = query;
      const { position, documents } = await positions.changed(query, shownFields);
      const found = documents ?? [];
      const known = since === undefined || documents !== undefined;
      return { items: readAll(found.slice(0, limit)), position, complete: known && found.length <= limit };
    },

    changesAfter: (query) => positions.inOrder(query, shownFields, async (documents) => readAll(documents)),

    async markRead(owner, ids, at) {
      // The name tells those that this call has marked from those that another has.
      const readBy = randomUUID();
      await table.updateAll(
        {
          filter: { _id: { $in: ids }, owner: { $eq: owner }, unread: true },
          change: {
            ...unnumbered,
            $set: { ...unnumbered.$set, readAt: at, readBy },
            $unset: { unread: true },
          },
        },
        'ids',
      );
      const found = await table.find({ index: 'ids', filter: { _id: { $in: ids } }, fields: { readBy: 1 } });
      return found.filter((document) => document['readBy'] === readBy).map(({ _id }) => String(_id));
    },

    async removeBefore(before, limit) {
      const old = { settled: true, 'notification.createdAt': { $lt: before } } as const;
      const found = await table.find({ index: 'settled', filter: old, limit, fields: { _id: 1 } });
      return await table.remove({
        index: 'ids',
        filter: { ...old, _id: { $in: found.map(({ _id }) => String(_id)) } },
      });
    },

    async removeAllOf(owner) {
      await table.remove({ index: 'of_owner', filter: { owner: { $eq: owner } } });
    },
  };
}
