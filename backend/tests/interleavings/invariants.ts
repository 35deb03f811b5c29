import type { ConversionState } from '../../../shared/api.ts';
import { mp3BlobId } from '../../conversions/blob-names.ts';
import type { ConversionRow, ConversionStore } from '../../ports/conversion-store.ts';
import type { NotificationRecord, NotificationStore } from '../../ports/notification-store.ts';

/** What was seen while the actors acted. */
export interface Observed {
  /** Every write that took effect: the row that was there, and the one that is. */
  readonly writes: { readonly before: ConversionRow; readonly after: ConversionRow }[];
  /** Conversions whose converter was told that its MP3 counts. */
  readonly finishes: string[];
  /** Notifications that were told of to whoever listens. */
  readonly announced: string[];
}

export interface Outcome {
  readonly ids: readonly string[];
  readonly owner: string;
  readonly observed: Observed;
  readonly mp3Names: ReadonlySet<string>;
  readonly store: ConversionStore;
  readonly notifications: NotificationStore;
}

/** DESIGN's life cycle, written down once more so that the code is not held against itself. */
const steps: Readonly<Record<ConversionState, readonly ConversionState[]>> = {
  uploading: ['uploading', 'queued', 'cancelled'],
  queued: ['converting', 'cancelled'],
  converting: ['converting', 'queued', 'done', 'failed', 'cancelled'],
  done: ['done'],
  failed: ['failed', 'queued'],
  cancelled: ['cancelled', 'queued'],
};

/** Throws where something was doubled, lost or illegal. */
export async function checkOutcome(outcome: Outcome): Promise<void> {
  for (const { before, after } of outcome.observed.writes) checkWrite(before, after);
  const records = await Promise.all(outcome.ids.map((id) => outcome.store.get(id)));
  const present = records.filter((record) => record !== undefined);
  demand(present.length === outcome.ids.length, 'a conversion is not there any more');
  for (const record of present) checkRecord(record, outcome.observed);
  checkBlobs(present, outcome.mp3Names);
  checkNotifications(present, await allNotifications(outcome), outcome.observed);
}

function checkWrite(before: ConversionRow, after: ConversionRow): void {
  const what = `${before.state} ${before.attempt} → ${after.state} ${after.attempt}`;
  demand(steps[before.state].includes(after.state), `illegal: ${what}`);
  demand(after.revision === before.revision + 1, `a revision was skipped or used twice: ${what}`);
  const again = before.state !== 'queued' && after.state === 'queued' && after.attempt === before.attempt + 1;
  demand(after.attempt === before.attempt || again, `illegal attempt: ${what}`);
  demand(before.removedAt === undefined, `a removed one was changed: ${what}`);
}

function checkRecord(record: ConversionRow, observed: Observed): void {
  const ended = ['done', 'failed', 'cancelled'].includes(record.state);
  demand(ended, `lost: still ${record.state}`);
  const finishes = observed.finishes.filter((id) => id === record.id).length;
  demand(finishes === (record.state === 'done' ? 1 : 0), `${finishes} converters finished one that is ${record.state}`);
}

function checkBlobs(records: readonly ConversionRow[], names: ReadonlySet<string>): void {
  const wanted = records.filter((record) => record.state === 'done' && record.removedAt === undefined).map(mp3BlobId);
  demand(
    wanted.every((name) => names.has(name)),
    `an MP3 is lost: ${wanted} in ${[...names]}`,
  );
  demand(names.size === wanted.length, `MP3s are left over: ${[...names]} for ${wanted}`);
}

function checkNotifications(
  records: readonly ConversionRow[],
  notifications: readonly NotificationRecord[],
  observed: Observed,
): void {
  const told = notifications.flatMap((one) =>
    one.told.map(({ conversionId, attempt }) => `${conversionId} ${attempt}`),
  );
  demand(new Set(told).size === told.length, `told twice of ${told}`);
  const ids = notifications.map(({ notification }) => notification.id);
  demand(sameItems(ids, observed.announced), `there are ${ids}, announced were ${observed.announced}`);
  for (const record of records) {
    if (record.state === 'cancelled' || record.removedAt !== undefined) continue;
    demand(told.includes(`${record.id} ${record.attempt}`), `nobody was told that it is ${record.state}`);
    demand(record.notificationId !== undefined && ids.includes(record.notificationId), 'its notification is not there');
  }
}

async function allNotifications({ owner, notifications }: Outcome): Promise<readonly NotificationRecord[]> {
  const { items } = await notifications.page({ owner, limit: 100 });
  const records = await Promise.all(items.map(({ id }) => notifications.get(id)));
  return records.filter((record) => record !== undefined);
}

function sameItems(some: readonly string[], others: readonly string[]): boolean {
  return JSON.stringify([...some].sort()) === JSON.stringify([...others].sort());
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
