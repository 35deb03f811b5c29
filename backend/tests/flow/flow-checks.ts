import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Conversion, Notification } from '../../../shared/api.ts';
import type { ApiClient } from '../running/api-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { Flow } from './flow.ts';

/** Waits for the notification about a conversion's end. */
export async function toldOf(account: ApiClient, id: string): Promise<Notification> {
  return await waitUntil(`a notification tells of ${id}`, async () =>
    (await account.notifications()).find(({ conversionIds }) => conversionIds.includes(id)),
  );
}

/** Waits until the backend converts nothing, nothing is in progress, and no video of these conversions is kept. */
export async function expectNothingLeftOf(flow: Flow, ...ids: readonly string[]): Promise<void> {
  await expectIdle(flow);
  await waitUntil('their videos are removed', async () => {
    await flow.backend.sweep();
    const { videos } = await flow.backend.stored();
    return !videos.some((name) => ids.some((id) => name.startsWith(id)));
  });
}

/** Waits until the backend converts nothing and nothing is in progress. */
export async function expectIdle({ backend }: Flow): Promise<void> {
  await waitUntil('no ffmpeg is left', async () => (await backend.converting()).length === 0);
  await waitUntil('nothing is left in the work folder', async () => (await backend.stored()).work.length === 0);
}

/** Uploads the lecture and waits until its ffmpeg is held halfway. */
export async function uploadHeld({ backend, media }: Flow, account: ApiClient): Promise<Conversion> {
  await backend.ffmpeg.hold();
  const { id } = await account.upload(media.lecture);
  return await account.until(id, ({ progress }) => progress > 0);
}

/** The blobs of a conversion's MP3s, of any attempt. */
export async function mp3sOf({ backend }: Flow, id: string): Promise<readonly string[]> {
  return (await backend.stored()).mp3s.filter((name) => name.startsWith(id));
}

/**
 * Expects the conversion to become done with one MP3 and one notification, `notifications` of the account in all, and
 * no leftovers.
 */
export async function expectOnce(flow: Flow, account: ApiClient, id: string, notifications?: number): Promise<void> {
  const { state, result } = await account.ended(id);
  expect(state).toBe('done');
  await toldOf(account, id);
  await expectNothingLeftOf(flow, id);
  expect((await mp3sOf(flow, id)).length).toBe(1);
  expect((await account.download(id)).byteLength).toBe(result?.bytes);
  for (const each of await account.conversions()) await account.ended(each.id);
  await expectIdle(flow);
  // A missing notification would arrive at once. This is enough time for one too many.
  for (const each of await account.conversions()) await toldOf(account, each.id);
  await delay(500);
  const told = await account.notifications();
  expect(told.filter(({ conversionIds }) => conversionIds.includes(id)).length).toBe(1);
  expect(told.length).toBe(notifications ?? (await account.conversions()).length);
}
