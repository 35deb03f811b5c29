import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import { mp3BlobId } from '../../conversions/blob-names.ts';
import { waitUntil } from '../running/wait-until.ts';

/** What a data folder must contain after everything has ended and its server has stopped. */
export interface ExpectedData {
  /** The ids of all conversions, which must exist and have ended. */
  readonly conversionIds: readonly string[];
}

/** Waits until a server has removed the files that no conversion needs. It does so in the background after its start. */
export async function waitUntilTidy(dataFolder: string, conversions: readonly Conversion[]): Promise<void> {
  const isOf = (states: readonly string[]) => conversions.filter(({ state }) => states.includes(state)).length;
  await waitUntil('files that no conversion needs are gone', async () => {
    const [mp3s, videos] = await Promise.all(['mp3s', 'videos'].map((name) => readdir(join(dataFolder, name))));
    return mp3s?.length === isOf(['done']) && videos?.length === isOf(['failed', 'cancelled']);
  });
}

/** Checks the files of the stopped server themselves, independent of what it says over HTTP. */
export async function expectSettledData(dataFolder: string, { conversionIds }: ExpectedData): Promise<void> {
  const { rows, tellings } = readConversions(join(dataFolder, 'conversions.db'));
  const kept = rows.filter(({ removed }) => !removed);
  expect(kept.map(({ id }) => id).toSorted()).toEqual([...conversionIds].toSorted());
  expect(rows.filter(({ state }) => state === 'uploading' || state === 'queued' || state === 'converting')).toEqual([]);
  expect(tellings.length).toBe(new Set(tellings).size);
  const idsOf = (...states: readonly string[]): readonly string[] =>
    kept.filter(({ state }) => states.includes(state)).map(({ id }) => id);
  const removed = new Set(rows.filter((row) => row.removed).map(({ id }) => id));
  expect(tellings.filter((id) => !removed.has(id)).toSorted()).toEqual(idsOf('done', 'failed').toSorted());
  const done = kept.filter(({ state }) => state === 'done');
  expect((await readdir(join(dataFolder, 'mp3s'))).toSorted()).toEqual(done.map(mp3BlobId).toSorted());
  // Kept for a retry.
  expect((await readdir(join(dataFolder, 'videos'))).toSorted()).toEqual(idsOf('failed', 'cancelled').toSorted());
  expect(await readdir(join(dataFolder, 'work')).catch(() => [])).toEqual([]);
}

interface SettledConversion {
  readonly id: string;
  readonly state: string;
  readonly attempt: number;
  readonly removed: boolean;
}

function readConversions(path: string) {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows: readonly SettledConversion[] = database
      .prepare('SELECT id, state, attempt, removed_at FROM conversions')
      .all()
      .map((row) => ({
        id: String(row['id']),
        state: String(row['state']),
        attempt: Number(row['attempt']),
        removed: row['removed_at'] !== null,
      }));
    const tellings = database
      .prepare("SELECT json_each.value AS id FROM notifications, json_each(body, '$.notification.conversionIds')")
      .all()
      .map((row) => String(row['id']));
    return { rows, tellings };
  } finally {
    database.close();
  }
}
