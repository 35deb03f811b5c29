import { describe, expect, it } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import { conversionsPageSchema } from '../running/api-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { Flow } from './flow.ts';
import { expectIdle, expectNothingLeftOf, mp3sOf, toldOf, uploadHeld } from './flow-checks.ts';
import { lectureSeconds } from './flow-media.ts';

export function describeConversions(flow: Flow): void {
  describe('a conversion', () => {
    it('goes from queued through converting to done, and its progress never decreases', async () => {
      const account = await flow.account();
      await flow.backend.ffmpeg.hold();
      const { id, state, progress } = await account.upload(flow.media.lecture, 'lecture.mkv');
      expect({ state, progress }).toEqual({ state: 'queued', progress: 0 });

      const seen: Conversion[] = [];
      await account.until(id, (conversion) => {
        seen.push(conversion);
        return new Set(seen.map((each) => each.progress)).size > 2;
      });
      await flow.backend.ffmpeg.release();
      const done = await account.until(id, (conversion) => {
        seen.push(conversion);
        return conversion.state === 'done';
      });
      const states = seen.map((each) => each.state);
      expect([...new Set(states)].filter((each) => each !== 'queued')).toEqual(['converting', 'done']);
      const shares = seen.map((each) => each.progress);
      expect(shares).toEqual(shares.toSorted((one, other) => one - other));
      expect(seen.some(({ etaSeconds }) => etaSeconds !== undefined && etaSeconds > 0)).toBe(true);
      const { attempt, tracks, error, warnings, fileName } = done;
      expect({ attempt, error, warnings, fileName }).toEqual({ attempt: 1, warnings: [], fileName: 'lecture.mkv' });
      expect(tracks).toEqual([expect.objectContaining({ index: 0, codec: 'flac', channels: 2 })]);
      await expectNothingLeftOf(flow, id);
    });

    it('gets exactly one notification', async () => {
      const account = await flow.account();
      const { id } = await account.upload(flow.media.talk);
      const { result } = await account.ended(id);
      const { kind, counts, bytes, conversionIds, message } = await toldOf(account, id);
      expect({ kind, counts, bytes, conversionIds, message }).toEqual({
        kind: 'one',
        counts: { done: 1, failed: 0, warned: 0 },
        bytes: result?.bytes,
        conversionIds: [id],
        message: `${result?.fileName} is ready.`,
      });
      // By the time that the next one has ended, a second notification would have arrived.
      const next = await account.upload(flow.media.talk);
      await toldOf(account, next.id);
      expect((await account.notifications()).map((each) => each.conversionIds)).toEqual([[next.id], [id]]);
    });

    it('waits for its turn and states its position', async () => {
      const account = await flow.account();
      const running = [await uploadHeld(flow, account), await uploadHeld(flow, account)];
      const first = await account.upload(flow.media.talk);
      const second = await account.upload(flow.media.talk);
      expect([first.position, second.position]).toEqual([0, 1]);
      expect((await account.cancel(first.id)).state).toBe('cancelled');
      expect((await account.get(second.id)).position).toBe(0);
      for (const { id } of running) await account.cancel(id);
      await flow.backend.ffmpeg.release();
      expect((await account.ended(second.id)).state).toBe('done');
    });

    it('that is cancelled while it converts leaves no ffmpeg and no files', async () => {
      const account = await flow.account();
      const { id } = await uploadHeld(flow, account);
      expect((await account.cancel(id)).state).toBe('cancelled');
      await expectIdle(flow);
      expect(await mp3sOf(flow, id)).toEqual([]);
      expect((await account.fetch(`/api/v1/conversions/${id}/file`)).status).toBe(409);
      expect((await account.fetch(`/api/v1/conversions/${id}/cancel`, { method: 'POST' })).status).toBe(409);

      // The video stays for a retry, and is removed with the conversion.
      expect((await flow.backend.stored()).videos).toContain(id);
      expect((await account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' })).status).toBe(204);
      await expectNothingLeftOf(flow, id);
      expect(await account.notifications()).toEqual([]);
    });

    it('can be retried after a cancel, with other options', async () => {
      const account = await flow.account();
      const { id } = await uploadHeld(flow, account);
      const cancelled = await account.cancel(id);
      await flow.backend.ffmpeg.release();
      const options = { format: 'mp3', bitrateKbps: 64, channels: 1 } as const;
      const again = await account.retry(id, options);
      expect(again).toMatchObject({ attempt: cancelled.attempt + 1, options });
      const { state, result } = await account.ended(id);
      expect(state).toBe('done');
      expect((result?.bytes ?? 0) / lectureSeconds / (64_000 / 8)).toBeCloseTo(1, 1);
      expect((await toldOf(account, id)).counts).toEqual({ done: 1, failed: 0, warned: 0 });
      await expect(account.retry(id)).rejects.toThrow(/^409 /);
    });

    it('that failed can be retried, and gets another notification', async () => {
      const account = await flow.account();
      const [text] = flow.media.bad.filter(({ what }) => what === 'a text');
      const { id } = await account.upload(text?.path ?? '');
      expect((await account.ended(id)).state).toBe('failed');
      await toldOf(account, id);
      await account.retry(id);
      await waitUntil('it has failed again', async () => (await account.get(id)).state === 'failed');
      const told = await waitUntil('another notification', async () => {
        const notifications = await account.notifications();
        return notifications.length > 1 && notifications;
      });
      expect(told.map(({ counts }) => counts.failed)).toEqual([1, 1]);
    });

    it('that is deleted while it converts is removed with all its files', async () => {
      const account = await flow.account();
      const { id } = await uploadHeld(flow, account);
      expect((await account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' })).status).toBe(204);
      expect((await account.fetch(`/api/v1/conversions/${id}`)).status).toBe(404);
      expect((await account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' })).status).toBe(404);
      await expectNothingLeftOf(flow, id);
      expect(await mp3sOf(flow, id)).toEqual([]);
      expect(await account.conversions()).toEqual([]);
    });

    it('is removed by a clear only if it has ended', async () => {
      const account = await flow.account();
      const other = await flow.account();
      const [done, failed, kept] = [
        await account.upload(flow.media.talk),
        await account.upload(flow.media.bad[0]?.path ?? ''),
        await other.upload(flow.media.talk),
      ];
      for (const { id } of [done, failed]) await account.ended(id);
      await other.ended(kept.id);
      const running = await uploadHeld(flow, account);
      expect((await account.fetch('/api/v1/conversions/clear', { method: 'POST' })).status).toBe(204);
      expect((await account.conversions()).map(({ id }) => id)).toEqual([running.id]);
      expect(await mp3sOf(flow, done.id)).toEqual([]);
      expect(await mp3sOf(flow, kept.id)).not.toEqual([]);
      await account.cancel(running.id);
      await expectIdle(flow);
    });

    it('is listed page by page, newest first, even while others are added', async () => {
      const account = await flow.account();
      const ids: string[] = [];
      for (let count = 0; count < 7; count += 1) ids.unshift((await account.upload(flow.media.talk)).id);
      const firstPage = await page('limit=3');
      const added = await account.upload(flow.media.talk);
      const secondPage = await page(`limit=3&cursor=${firstPage.next}`);
      const lastPage = await page(`limit=3&cursor=${secondPage.next}`);
      const found = [firstPage, secondPage, lastPage].map(({ items }) => items.map(({ id }) => id));
      expect(found).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)]);
      expect(lastPage.next).toBeUndefined();

      for (const id of [...ids, added.id]) await account.ended(id);
      expect((await page('state=done&limit=100')).items.map(({ id }) => id)).toEqual([added.id, ...ids]);
      expect((await page('state=failed')).items).toEqual([]);
      expect((await account.fetch('/api/v1/conversions?cursor=nonsense')).status).toBe(400);
      expect((await account.fetch('/api/v1/conversions?limit=101')).status).toBe(422);

      async function page(query: string) {
        const answer = await account.fetch(`/api/v1/conversions?${query}`);
        return conversionsPageSchema.parse(await answer.json());
      }
    });
  });

  describe('notifications', () => {
    it('can be marked as read only by their owner', async () => {
      const account = await flow.account();
      const other = await flow.account();
      const { id } = await account.upload(flow.media.talk);
      const notification = await toldOf(account, id);
      for (const reader of [other, account]) {
        expect((await account.notifications()).map(({ readAt }) => readAt)).toEqual([undefined]);
        const body = JSON.stringify({ ids: [notification.id] });
        const headers = { 'content-type': 'application/json' };
        const answer = await reader.fetch('/api/v1/notifications/read', { method: 'POST', headers, body });
        expect(answer.status).toBe(204);
      }
      expect((await account.notifications())[0]?.readAt).toMatch(/Z$/);
      expect(await (await account.fetch('/api/v1/notifications?unread=true')).json()).toEqual({ items: [] });
      expect(await other.notifications()).toEqual([]);
    });
  });
}
