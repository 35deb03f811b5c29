import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Notification } from '../../shared/api.ts';
import { maxNamedConversions } from '../../shared/named-conversions.ts';
import type { Clock } from '../ports/clock.ts';
import type { BatchSummary, ConversionStore, ToldEnd, UntoldEnd } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { NotificationRecord, NotificationStore } from '../ports/notification-store.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import type { Rows } from './rows.ts';

/** A batch without a known size has ended when none of it has been uploading, queued or converting for this long. */
const stillBatchSeconds = 600;
/** How many rows are marked in one call. A store does nothing else meanwhile. */
const markedAtOnce = 500;

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
  readonly skipped: ReportSkipped;
  /**
   * Whether a mail is owed for each notification; false by default. The outbox asks whether the owner wants mail. If that were
   * asked here, notifications would wait for auth.
   */
  readonly sendsMail?: boolean;
}

export function createBatches(parts: BatchesParts): Batches {
  const { rows, store, notifications, events, clock, log, skipped, sendsMail = false } = parts;
  /** The latest end of each batch that has none active and has not ended yet, and when that was by the monotonic clock. */
  const seen = new Map<string, { readonly lastEndedAt: string; readonly at: number }>();

  /**
   * Seconds since the latest end of a batch. If this process has seen that end before, it measures by its monotonic clock: the wall
   * clock may have jumped.
   */
  function secondsSince(lastEndedAt: string, batchKey: string): number {
    const at = clock.monotonicSeconds();
    const known = seen.get(batchKey);
    if (known?.lastEndedAt === lastEndedAt) return at - known.at;
    const seconds = Math.max(0, (clock.now().getTime() - Date.parse(lastEndedAt)) / 1000);
    seen.set(batchKey, { lastEndedAt, at: at - seconds });
    return seconds;
  }

  /** Whether all conversions of the batch have ended, and some of them are in no notification. */
  async function hasEnded(owner: string, batchId: string): Promise<boolean> {
    const summary = await store.batchSummary(owner, batchId);
    const { active, untold, lastEndedAt } = summary;
    const batchKey = JSON.stringify([owner, batchId]);
    const isStill =
      active === 0 && lastEndedAt !== undefined && secondsSince(lastEndedAt, batchKey) >= stillBatchSeconds;
    const isOver = untold === 0 || isStill || isWhole(summary);
    if (isOver) seen.delete(batchKey);
    return isOver && untold > 0;
  }

  /**
   * The notification is authoritative about which conversions it covers. The rows are marked after it, by this process or a later
   * one.
   */
  async function markTold({ notification, told }: NotificationRecord): Promise<void> {
    for (let from = 0; from < told.length; from += markedAtOnce) {
      await store.markTold(notification.id, told.slice(from, from + markedAtOnce));
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
      if (row.batchId !== undefined && !(await hasEnded(owner, batchId))) return made;
      const ends = await gatherEnds(store.untoldOfBatch(owner, batchId));
      if (ends.told.length === 0) return made;

      // A notifier may have died after it wrote the notification and before it marked the rows.
      const latest = count === 0 ? undefined : await notifications.get(notificationId(owner, batchId, count));
      if (latest !== undefined && covers(latest, ends.told)) {
        await markTold(latest);
        continue;
      }

      // The id contains the notification's number within the batch. If two notifiers make the same one, only one insert succeeds.
      const id = notificationId(owner, batchId, count + 1);
      const now = clock.now();
      const message = await messageFor(ends, rows);
      const plain = toNotificationRecord({ id, batchId, owner, ends, message, now });
      const outboxMail = { revision: 0, tries: 0, due: now.toISOString(), claimed: false };
      const next: NotificationRecord = sendsMail ? { ...plain, outboxMail } : plain;
      if (await notifications.insert(next)) {
        made.push(next);
        await markTold(next);
        events.publish({ owner, event: { type: 'notification', notification: next.notification } });
        if (next.outboxMail !== undefined) events.publishInternal({ owner, message: { type: 'mail_due' } });
        log.info({ notification: id, conversions: ends.told.length }, 'made the notification of a batch');
      }
    }
  }

  return {
    async tellOfEnds() {
      const made: NotificationRecord[] = [];
      for await (const { id } of store.untoldBatches()) {
        try {
          made.push(...(await tellOfEnd(id)));
        } catch (cause) {
          // The next ticket tries it again. It must not delay the owners of other batches.
          skipped({ kind: 'batch', id, what: 'could not make the notification of a batch', cause });
        }
      }
      return made;
    },
  };
}

/**
 * Whether as many have ended as the batch has. If there are more conversions than that, some that were cancelled were submitted again,
 * and no longer count.
 */
function isWhole({ active, ended, cancelled, batchSize }: BatchSummary): boolean {
  if (batchSize === undefined) return false;
  return ended - (active + ended > batchSize ? cancelled : 0) >= batchSize;
}

/** The ends of a batch that a notification is made of. */
interface Ends {
  readonly told: readonly ToldEnd[];
  readonly failed: number;
  readonly warned: number;
  readonly seconds: number;
  readonly bytes: number;
}

async function gatherEnds(rows: AsyncIterable<UntoldEnd>): Promise<Ends> {
  const told: ToldEnd[] = [];
  const sums = { failed: 0, warned: 0, seconds: 0, bytes: 0 };
  for await (const { id, attempt, state, warned, seconds, bytes } of rows) {
    told.push({ conversionId: id, attempt });
    if (state === 'failed') sums.failed += 1;
    if (warned) sums.warned += 1;
    sums.seconds += seconds;
    sums.bytes += bytes;
  }
  return { told, ...sums };
}

/** Whether the notification covers one of these ends. */
function covers({ told }: NotificationRecord, ends: readonly ToldEnd[]): boolean {
  const keyOf = ({ conversionId, attempt }: ToldEnd): string => `${conversionId} ${attempt}`;
  const covered = new Set(told.map(keyOf));
  return ends.some((end) => covered.has(keyOf(end)));
}

function notificationId(owner: string, batchId: string, ordinal: number): string {
  const hash = createHash('sha256').update(JSON.stringify([owner, batchId, ordinal]));
  return hash.digest('base64url').slice(0, 32);
}

interface NotificationFacts {
  readonly id: string;
  readonly batchId: string;
  readonly owner: string;
  readonly ends: Ends;
  readonly message: string;
  readonly now: Date;
}

function toNotificationRecord({ id, batchId, owner, ends, message, now }: NotificationFacts): NotificationRecord {
  const { told, failed, warned, seconds, bytes } = ends;
  const notification: Notification = {
    id,
    kind: told.length === 1 ? 'one' : 'batch',
    batchId,
    conversionIds: told.slice(0, maxNamedConversions).map(({ conversionId }) => conversionId),
    counts: { done: told.length - failed, failed, warned },
    seconds,
    bytes,
    message,
    createdAt: now.toISOString(),
  };
  return { owner, notification, told };
}

/** For scripts. Clients write their own texts. */
async function messageFor({ told, failed }: Ends, rows: Rows): Promise<string> {
  const [first] = told;
  const only = told.length === 1 && first !== undefined ? await rows.get(first.conversionId) : undefined;
  if (only !== undefined) {
    return failed === 0
      ? `${only.result?.fileName ?? only.fileName} is ready.`
      : `${only.fileName} could not be converted: ${only.error?.message ?? 'it failed.'}`;
  }
  if (failed === 0) return `${told.length} files are ready.`;
  if (failed === told.length) return `${told.length} files could not be converted.`;
  return `${told.length - failed} of ${told.length} files are ready, ${failed} could not be converted.`;
}
