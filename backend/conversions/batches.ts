import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Notification } from '../../shared/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { NotificationRecord, NotificationStore } from '../ports/notification-store.ts';
import type { Rows } from './rows.ts';

/** A batch without a known size has ended when none of it has been uploading, queued or converting for this long. */
const stillBatchSeconds = 600;

/** The operations that notifiers use on batches. */
export interface Batches {
  /**
   * Looks at each batch with ended conversions that are in no notification yet. If the batch has ended, makes its notification:
   * exactly one, even if several callers do this at once or one of them dies. Resolves with the notifications that this call
   * made.
   */
  tellOfEnds(): Promise<readonly NotificationRecord[]>;
}

export interface BatchesParts {
  readonly rows: Rows;
  readonly store: ConversionStore;
  readonly notifications: NotificationStore;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Whether a mail is owed for each notification; false by default. The outbox asks whether the owner wants mail. If that were
   * asked here, notifications would wait for auth.
   */
  readonly sendsMail?: boolean;
}

export function createBatches(parts: BatchesParts): Batches {
  const { rows, store, notifications, events, clock, log, sendsMail = false } = parts;

  /** The conversions of the batch that have ended and are in no notification yet. Empty while the batch has not ended. */
  async function owedFor(row: ConversionRow): Promise<readonly ConversionRow[]> {
    if (row.batchId === undefined) return isUntold(row) ? [row] : [];
    const { active, ended, untold, lastEndedAt, batchSize } = await store.batchSummary(row.owner, row.batchId);
    if (untold === 0) return [];
    const complete = batchSize !== undefined && ended >= batchSize;
    const still =
      active === 0 &&
      lastEndedAt !== undefined &&
      clock.now().getTime() - Date.parse(lastEndedAt) >= stillBatchSeconds * 1000;
    return complete || still ? await store.untoldOfBatch(row.owner, row.batchId) : [];
  }

  /**
   * The notification is authoritative about which conversions it covers. The rows are marked after it, by this process or a later
   * one.
   */
  async function markTold({ notification, told }: NotificationRecord): Promise<void> {
    for (const { conversionId, attempt } of told) {
      // The row of a conversion that was removed long ago may have been deleted.
      await rows.decideIfThere(conversionId, (row) =>
        row.attempt === attempt && isUntold(row) ? { type: 'told', notificationId: notification.id } : undefined,
      );
    }
  }

  /** Handles the batch of this conversion. */
  async function tellOfEnd(conversionId: string): Promise<readonly NotificationRecord[]> {
    const made: NotificationRecord[] = [];
    for (;;) {
      const row = await rows.get(conversionId);
      if (row === undefined) return made;
      const { owner } = row;
      const batchId = row.batchId ?? row.id;

      // Counted before the rows are read: if another notifier makes a notification in between, the insert below fails.
      const count = await notifications.countOfBatch(owner, batchId);
      const owed = await owedFor(row);
      if (owed.length === 0) return made;

      // A notifier may have died after it wrote the notification and before it marked the rows.
      const latest = count === 0 ? undefined : await notifications.get(notificationId(owner, batchId, count));
      if (latest !== undefined && owed.some((row) => hasTold(latest, row))) {
        await markTold(latest);
        continue;
      }

      // The id contains the notification's number within the batch. If two notifiers make the same one, only one insert succeeds.
      const id = notificationId(owner, batchId, count + 1);
      const now = clock.now();
      const plain = toNotificationRecord(id, batchId, owner, owed, now);
      const outboxMail = { revision: 0, tries: 0, due: now.toISOString(), claimed: false };
      const next: NotificationRecord = sendsMail ? { ...plain, outboxMail } : plain;
      if (await notifications.insert(next)) {
        made.push(next);
        await markTold(next);
        events.publish({ owner, event: { type: 'notification', notification: next.notification } });
        if (next.outboxMail !== undefined) events.publishInternal({ owner, message: { type: 'mail_due' } });
        log.info({ notification: id, conversions: owed.length }, 'made the notification of a batch');
      }
    }
  }

  return {
    async tellOfEnds() {
      const made: NotificationRecord[] = [];
      for await (const { id } of store.untoldBatches()) {
        try {
          made.push(...(await tellOfEnd(id)));
        } catch (error) {
          // An error in one batch must not delay the owners of others.
          log.error({ err: error, conversion: id }, 'could not process a batch; the next ticket will');
        }
      }
      return made;
    },
  };
}

function hasTold({ told }: NotificationRecord, { id, attempt }: ConversionRow): boolean {
  return told.some((one) => one.conversionId === id && one.attempt === attempt);
}

function isUntold(row: ConversionRow): boolean {
  const ended = row.state === 'done' || row.state === 'failed';
  return ended && row.removedAt === undefined && row.notificationId === undefined;
}

function notificationId(owner: string, batchId: string, ordinal: number): string {
  const hash = createHash('sha256').update(JSON.stringify([owner, batchId, ordinal]));
  return hash.digest('base64url').slice(0, 32);
}

function toNotificationRecord(
  id: string,
  batchId: string,
  owner: string,
  owed: readonly ConversionRow[],
  now: Date,
): NotificationRecord {
  const results = owed.flatMap(({ result }) => (result === undefined ? [] : [result]));
  const failed = owed.filter(({ state }) => state === 'failed').length;
  const notification: Notification = {
    id,
    kind: owed.length === 1 ? 'one' : 'batch',
    batchId,
    conversionIds: owed.map((row) => row.id),
    counts: {
      done: owed.length - failed,
      failed,
      warned: owed.filter(({ state, warnings }) => state === 'done' && warnings.length > 0).length,
    },
    seconds: results.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0),
    bytes: results.reduce((sum, { bytes }) => sum + bytes, 0),
    message: messageFor(owed, failed),
    createdAt: now.toISOString(),
  };
  return { owner, notification, told: owed.map((row) => ({ conversionId: row.id, attempt: row.attempt })) };
}

/** For scripts. Clients write their own texts. */
function messageFor(owed: readonly ConversionRow[], failed: number): string {
  const [only] = owed;
  if (owed.length === 1 && only !== undefined) {
    return failed === 0
      ? `${only.result?.fileName ?? only.fileName} is ready.`
      : `${only.fileName} could not be converted: ${only.error?.message ?? 'it failed.'}`;
  }
  if (failed === 0) return `${owed.length} files are ready.`;
  if (failed === owed.length) return `${owed.length} files could not be converted.`;
  return `${owed.length - failed} of ${owed.length} files are ready, ${failed} could not be converted.`;
}
