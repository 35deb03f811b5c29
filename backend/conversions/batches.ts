import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Notification } from '../../shared/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { NotificationRecord, NotificationStore } from '../ports/notification-store.ts';
import type { Rows } from './rows.ts';

/** API.md: a batch has also ended when for this long none of it has been uploading, queued or converting. */
const stillBatchSeconds = 600;

/** Batches as notifiers reach them. */
export interface Batches {
  /**
   * Makes the notification that is owed for the batch of this conversion, if the batch has ended: one, whoever and however many
   * call this, and whenever one of them dies. Resolves with those made by this call.
   */
  tellOfEnd(conversionId: string): Promise<readonly NotificationRecord[]>;
}

export interface BatchesParts {
  readonly rows: Rows;
  readonly store: ConversionStore;
  readonly notifications: NotificationStore;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether this account is to be mailed of what has ended; without, nobody is. */
  readonly wantsMail?: (owner: string) => Promise<boolean>;
}

export function createBatches(parts: BatchesParts): Batches {
  const { rows, store, notifications, events, clock, log, wantsMail = async () => false } = parts;

  /** A notification waits for nobody: where it cannot be asked now, it is asked again before the mail is handed over. */
  async function sendsMail(owner: string): Promise<boolean> {
    try {
      return await wantsMail(owner);
    } catch (error) {
      log.warn({ err: error }, 'could not ask whether to mail');
      return true;
    }
  }

  /** Those of the batch whose end nobody was told of; none while the batch goes on. */
  async function owedFor(record: ConversionRow): Promise<readonly ConversionRow[]> {
    if (record.batchId === undefined) return isUntold(record) ? [record] : [];
    const { active, ended, untold, lastEndedAt, batchSize } = await store.batchSummary(record.owner, record.batchId);
    if (untold === 0) return [];
    const complete = batchSize !== undefined && ended >= batchSize;
    const still =
      active === 0 &&
      lastEndedAt !== undefined &&
      clock.now().getTime() - Date.parse(lastEndedAt) >= stillBatchSeconds * 1000;
    return complete || still ? await store.untoldOfBatch(record.owner, record.batchId) : [];
  }

  /** The notification is the truth about whom it told of; the rows are marked after it, by whoever comes by. */
  async function markReported({ notification, told }: NotificationRecord): Promise<void> {
    for (const { conversionId, attempt } of told) {
      // One that was removed long ago may have no row any more.
      await rows.decideIfThere(conversionId, (row) =>
        row.attempt === attempt && isUntold(row) ? { type: 'told', notificationId: notification.id } : undefined,
      );
    }
  }

  return {
    async tellOfEnd(conversionId) {
      const made: NotificationRecord[] = [];
      for (;;) {
        const record = await rows.get(conversionId);
        if (record === undefined) return made;
        const { owner } = record;
        const batchId = record.batchId ?? record.id;

        // Counted before the rows are read, so that whatever another notifier tells meanwhile makes the insert below fail.
        const count = await notifications.countOfBatch(owner, batchId);
        const owed = await owedFor(record);
        if (owed.length === 0) return made;

        // A notifier may have died between the notification and the marks.
        const latest = count === 0 ? undefined : await notifications.get(notificationId(owner, batchId, count));
        if (latest !== undefined && owed.some((row) => hasTold(latest, row))) {
          await markReported(latest);
          continue;
        }

        // The id says which of the batch's notifications it is: of two notifiers that tell the same, one insert wins.
        const id = notificationId(owner, batchId, count + 1);
        const now = clock.now();
        const plain = toNotificationRecord(id, batchId, owner, owed, now);
        const outboxMail = { tries: 0, due: now.toISOString(), claimed: false };
        const next = (await sendsMail(owner)) ? { ...plain, outboxMail } : plain;
        if (await notifications.insert(next)) {
          made.push(next);
          await markReported(next);
          events.publish({ owner, event: { type: 'notification', notification: next.notification } });
          log.info({ notification: id, conversions: owed.length }, 'told of the end of a batch');
        }
      }
    },
  };
}

function hasTold({ told }: NotificationRecord, { id, attempt }: ConversionRow): boolean {
  return told.some((one) => one.conversionId === id && one.attempt === attempt);
}

function isUntold(record: ConversionRow): boolean {
  const ended = record.state === 'done' || record.state === 'failed';
  return ended && record.removedAt === undefined && record.notificationId === undefined;
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
    conversionIds: owed.map((record) => record.id),
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
  return { owner, notification, told: owed.map((record) => ({ conversionId: record.id, attempt: record.attempt })) };
}

/** For scripts: clients make their own words. */
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
