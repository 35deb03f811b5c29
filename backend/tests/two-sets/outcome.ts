import { buffer } from 'node:stream/consumers';
import { mp3BlobId, parseMp3BlobId } from '../../conversions/blob-names.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { ConversionRow, ConversionStore } from '../../ports/conversion-store.ts';
import type { NotificationStore } from '../../ports/notification-store.ts';
import type { Person } from './person.ts';
import { mp3Of, sha256 } from './running-set.ts';

export interface Outcome {
  readonly people: readonly Person[];
  readonly store: ConversionStore;
  readonly notifications: NotificationStore;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  /** Notifications that were told to clients. */
  readonly announced: readonly string[];
}

/** Throws if anything was lost, doubled or mixed, or has stayed behind. */
export async function checkOutcome(outcome: Outcome): Promise<void> {
  const rows: ConversionRow[] = [];
  for (const person of outcome.people) {
    const id = person.id();
    if (id === undefined) continue;
    const row = await outcome.store.get(id);
    demand(row !== undefined, `lost: the conversion of ${person.name} was acknowledged and is not there`);
    rows.push(row);
    await checkResult(person, row, outcome);
    await checkNotifications(person, row, outcome);
  }
  await checkBlobs(rows, outcome);
}

async function checkResult(person: Person, row: ConversionRow, { mp3s }: Outcome): Promise<void> {
  demand(row.owner === person.name, `mixed: ${person.name} has a conversion of ${row.owner}`);
  if (row.removedAt !== undefined) return;
  demand(row.state === 'done' || row.state === 'cancelled', `${person.name}: ${row.state} ${row.error?.message}`);
  if (row.state !== 'done') return;
  const wanted = mp3Of(person.video);
  const mp3 = await buffer(await mp3s.open(mp3BlobId(row)));
  demand(mp3.equals(wanted), `mixed: the MP3 of ${person.name} is ${mp3}, not ${wanted}`);
  demand(row.result?.sha256 === sha256(wanted), `mixed: the row of ${person.name} promises other bytes`);
}

async function checkNotifications(person: Person, row: ConversionRow, outcome: Outcome): Promise<void> {
  const { items } = await outcome.notifications.page({
    owner: person.name,
    limit: 100,
  });
  for (const { id } of items) {
    const times = outcome.announced.filter((announced) => announced === id).length;
    demand(times === 1, `doubled: ${times} events for one notification`);
  }
  const notified = await Promise.all(items.map(({ id }) => outcome.notifications.get(id)));
  const told = notified.flatMap((notification) => notification?.told.map(({ attempt }) => attempt) ?? []);
  demand(new Set(told).size === told.length, `doubled: ${person.name} was told twice of attempts ${told}`);
  if (row.state === 'done' && row.removedAt === undefined) {
    demand(told.includes(row.attempt), `lost: ${person.name} was not told that it is done`);
  }
}

async function checkBlobs(rows: readonly ConversionRow[], { store, videos, mp3s }: Outcome): Promise<void> {
  const there = rows.filter(({ removedAt }) => removedAt === undefined);
  const storedMp3s = await idsOf(mp3s);
  for (const id of there.filter(({ state }) => state === 'done').map(mp3BlobId)) {
    demand(storedMp3s.includes(id), `lost: the MP3 ${id}`);
  }
  for (const blobId of storedMp3s) {
    const { id, attempt } = parseMp3BlobId(blobId) ?? { id: '', attempt: 0 };
    // Perhaps of an upload whose person was never told that it had begun: it was complete at its beginning.
    const row = await store.get(id);
    const isWanted = row?.state === 'done' && row.attempt === attempt && row.removedAt === undefined;
    demand(isWanted, `left over: the MP3 ${blobId}`);
  }
  const wantedVideos = new Set(there.filter(({ sourceGone }) => !sourceGone).map(({ id }) => id));
  for (const id of await idsOf(videos)) demand(wantedVideos.has(id), `left over: the video ${id}`);
}

async function idsOf(store: BlobStore): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of store.list()) ids.push(id);
  return ids;
}

function demand(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
