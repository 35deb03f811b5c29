import { afterEach, describe, expect, it } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import type { ProgressEvent, SocketFrame } from '../../../shared/events.ts';
import type { ApiClient } from '../running/api-client.ts';
import { type EventClient, openEvents } from '../running/event-client.ts';
import type { Flow } from './flow.ts';
import { toldOf } from './flow-checks.ts';

/** What clients hear over their WebSockets. */
export function describeEvents(flow: Flow): void {
  describe('who listens', () => {
    const clients: EventClient[] = [];
    afterEach(async () => {
      for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
    });

    async function listen(account: ApiClient, since?: string): Promise<EventClient> {
      const { token } = account;
      const client = await openEvents(flow.backend.url(), { token, ...(since === undefined ? {} : { since }) });
      clients.push(client);
      await client.hello;
      return client;
    }

    it('hears of a conversion from its beginning to its notification, and of its progress at most 5 times a second', async () => {
      const account = await flow.account();
      const client = await listen(account);
      const began = performance.now();
      await flow.backend.ffmpeg.hold();
      const { id } = await account.upload(flow.media.lecture);
      const progressOf = (frames: readonly SocketFrame[]): readonly ProgressEvent[] =>
        frames.filter((frame) => frame.type === 'progress');
      await client.until('progress', (frames) => progressOf(frames).length > 1);
      await flow.backend.ffmpeg.release();
      const told = await client.until('the notification', (frames) =>
        frames.find((frame) => frame.type === 'notification'),
      );
      const seconds = (performance.now() - began) / 1000;
      expect(told).toMatchObject({ notification: { conversionIds: [id], counts: { done: 1, failed: 0, warned: 0 } } });

      const states = conversionsOf(client.frames, id).map(({ state }) => state);
      expect(states.filter((state, index) => state !== states[index - 1])).toEqual([
        'uploading',
        'queued',
        'converting',
        'done',
      ]);
      // Recording that its owner was told raises the revision once more, and is no event.
      const { revision: toldRevision, ...last } = conversionsOf(client.frames, id).at(-1) ?? expect.unreachable();
      const { revision, ...now } = withoutPeaks(await account.get(id));
      expect(last).toEqual(now);
      expect(toldRevision).toBeLessThanOrEqual(revision);
      const revisions = client.frames.flatMap((frame) =>
        frame.type === 'conversion' ? frame.conversion.revision : frame.type === 'progress' ? frame.revision : [],
      );
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
      const progress = progressOf(client.frames);
      expect(progress.length).toBeLessThanOrEqual(5 * seconds + 1);
      expect(progress.map((frame) => frame.progress)).toEqual(
        progress.map((frame) => frame.progress).toSorted((a, b) => a - b),
      );
    });

    it('hears on each device of what another one has read and removed', async () => {
      const account = await flow.account();
      const [desk, phone] = [await listen(account), await listen(account)];
      const { id } = await account.upload(flow.media.talk);
      const { id: notificationId } = await toldOf(account, id);
      await post(account, '/api/v1/notifications/read', { ids: [notificationId] });
      await account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
      for (const client of [desk, phone]) {
        await client.until('the removal', (frames) => frames.some(({ type }) => type === 'removed'));
        expect(client.frames).toContainEqual({ type: 'read', ids: [notificationId] });
        expect(client.frames).toContainEqual({ type: 'removed', ids: [id] });
      }
    });

    it("hears nothing of another's", async () => {
      const [account, stranger] = [await flow.account(), await flow.account()];
      const client = await listen(stranger);
      const { id } = await account.upload(flow.media.talk);
      await toldOf(account, id);
      const { id: own } = await stranger.upload(flow.media.talk);
      await client.until('its own', (frames) => conversionsOf(frames, own).some(({ state }) => state === 'done'));
      expect(JSON.stringify(client.frames)).not.toContain(id);
    });

    it('is told what it has missed once it is back, also when the server was killed meanwhile', async () => {
      const account = await flow.account();
      const removed = await account.upload(flow.media.talk);
      await account.ended(removed.id);
      const before = await listen(account);
      const { at } = await before.hello;
      await before[Symbol.asyncDispose]();

      const { id } = await account.upload(flow.media.talk);
      await account.ended(id);
      const { id: notificationId } = await toldOf(account, id);
      await account.fetch(`/api/v1/conversions/${removed.id}`, { method: 'DELETE' });
      const { conversions, notifications, ...hello } = await (await listen(account, at)).hello;
      expect(hello).toMatchObject({ removed: [removed.id], truncated: false });
      expect(conversions).toContainEqual(withoutPeaks(await account.get(id)));
      expect(notifications.map((one) => one.id)).toContain(notificationId);

      const during = await listen(account);
      await flow.backend.crash();
      expect((await during.ended).code).toBe(1006);
      const after = await (await listen(account, at)).hello;
      expect(after).toMatchObject({ conversions, removed: [removed.id], truncated: false });
      expect((await (await listen(account)).hello).conversions).toEqual([]);
    });
  });
}

function conversionsOf(frames: readonly SocketFrame[], id: string): readonly Conversion[] {
  return frames.flatMap((frame) =>
    frame.type === 'conversion' && frame.conversion.id === id ? [frame.conversion] : [],
  );
}

/** Frames leave them out. */
function withoutPeaks({ peaks: _peaks, ...conversion }: Conversion): Conversion {
  return conversion;
}

async function post(account: ApiClient, path: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await account.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.ok).toBe(true);
}
