import { expect } from 'vitest';
import type { Conversion, Notification } from '../../../shared/api.ts';
import type { ApiClient } from '../running/api-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { Flow } from './flow.ts';

/** Waits for the notification that tells of a conversion's end. */
export async function toldOf(account: ApiClient, id: string): Promise<Notification> {
  return await waitUntil(`a notification tells of ${id}`, async () =>
    (await account.notifications()).find(({ conversionIds }) => conversionIds.includes(id)),
  );
}

/** Waits until nothing converts for the backend any more, nothing is on its way, and no video of these conversions is kept. */
export async function expectNothingLeftOf(flow: Flow, ...ids: readonly string[]): Promise<void> {
  await expectIdle(flow);
  const { videos } = await flow.backend.stored();
  expect(videos.filter((name) => ids.some((id) => name.startsWith(id)))).toEqual([]);
}

/** Waits until nothing converts for the backend any more, and nothing is on its way. */
export async function expectIdle({ backend }: Flow): Promise<void> {
  await waitUntil('no ffmpeg is left', async () => (await backend.converting()).length === 0);
  await waitUntil('nothing is left in the work folder', async () => (await backend.stored()).work.length === 0);
}

/** Uploads the lecture, and waits until ffmpeg is held in the middle of it. */
export async function uploadHeld({ backend, media }: Flow, account: ApiClient): Promise<Conversion> {
  await backend.ffmpeg.hold();
  const { id } = await account.upload(media.lecture);
  return await account.until(id, ({ progress }) => progress > 0);
}

/** The blobs of a conversion's MP3s, of whatever attempt. */
export async function mp3sOf({ backend }: Flow, id: string): Promise<readonly string[]> {
  return (await backend.stored()).mp3s.filter((name) => name.startsWith(id));
}
