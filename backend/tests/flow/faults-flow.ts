import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../running/api-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { Flow } from './flow.ts';
import { expectOnce, toldOf, uploadHeld } from './flow-checks.ts';
import { wholeSeconds } from './flow-media.ts';
import { frameSeconds, mp3Seconds, soundSeconds } from './mp3-facts.ts';

/** A lease ends after 15 s. A missing notification arrives within a few more seconds. */
const longerThanALeaseSeconds = 17;

/**
 * The faults under which the original system was measured, each with the required behaviour. More of them:
 *
 * - a mail server that is down or refuses an address: mail-flow.ts;
 * - files that are no media, without sound, cut or huge: bad-sources-flow.ts;
 * - deaths between two steps, for the embedded backend: crash-points.test.ts, mail.test.ts;
 * - the same, and an unreachable broker, lost queues and auth that is down, for the cluster: cluster-faults-flow.ts;
 * - what somebody could reach without the right to: access-flow.ts.
 */
export function describeFaults(flow: Flow): void {
  describe('under the faults of the original,', () => {
    it('a kill right after a conversion is done duplicates nothing', async () => {
      const account = await flow.account();
      const { id } = await account.upload(flow.media.talk);
      await account.until(id, ({ state }) => state === 'done');
      await flow.backend.crash();
      await expectOnce(flow, account, id);
      expect((await account.get(id)).attempt).toBe(1);
    });

    it('a kill right after the notification makes no second one', async () => {
      const account = await flow.account();
      const { id } = await account.upload(flow.media.talk);
      const told = await toldOf(account, id);
      await flow.backend.crash();
      await expectOnce(flow, account, id);
      expect(await account.notifications()).toEqual([told]);
    });

    it('an upload that was acknowledged just before kill -9 is not lost', async () => {
      const account = await flow.account();
      const uploads = await Promise.all(
        [flow.media.talk, ...flow.media.others].map(async (path) => await account.upload(path)),
      );
      await flow.backend.crash();
      for (const { id } of uploads) await expectOnce(flow, account, id);
    });

    it('an upload that a kill interrupted leaves nothing behind', async () => {
      const account = await flow.account();
      const before = await flow.backend.stored();
      const upload = beginUpload(account);
      await upload.underWay;
      await waitUntil('its video is being stored', async () => {
        const { videos } = await flow.backend.stored();
        return videos.length === before.videos.length + 1;
      });
      await flow.backend.crash();
      await expect(upload.answered).rejects.toThrow();
      // In a cluster, another gateway takes over once the lease has ended.
      await waitUntil('its row is removed', async () => (await account.conversions()).length === 0);
      await waitUntil('its video is removed', async () => {
        await flow.backend.sweep();
        const { videos } = await flow.backend.stored();
        return videos.length === before.videos.length;
      });
    });

    it('a conversion that is frozen for longer than a lease is finished in one attempt', async () => {
      const account = await flow.account();
      const { id } = await uploadHeld(flow, account);
      await flow.backend.freeze();
      await delay(longerThanALeaseSeconds * 1000);
      await flow.backend.thaw();
      await flow.backend.ffmpeg.release();
      await expectOnce(flow, account, id);
      expect((await account.get(id)).attempt).toBe(1);
    });

    it('half an MP4 with its index first is converted with the warning cut_short and the audio that it contains', async () => {
      const account = await flow.account();
      const { id } = await account.upload(flow.media.half, 'half.mp4');
      const { state, warnings, result } = await account.ended(id);
      const there = await soundSeconds(flow.media.half);
      expect(there).toBeGreaterThan(8);
      expect(there).toBeLessThan(wholeSeconds - 8);
      expect(state).toBe('done');
      expect(warnings).toEqual([
        { code: 'cut_short', atSeconds: expect.closeTo(there, 1), ofSeconds: expect.closeTo(wholeSeconds, 1) },
      ]);
      const seconds = await mp3Seconds(await account.download(id));
      expect(Math.abs(seconds - there)).toBeLessThan(frameSeconds);
      expect(Math.abs((result?.durationSeconds ?? 0) - there)).toBeLessThan(frameSeconds);
      expect((await toldOf(account, id)).counts).toEqual({ done: 1, failed: 0, warned: 1 });
    });

    it('a good file among broken ones is converted at once', async () => {
      const account = await flow.account();
      const broken = flow.media.bad;
      const middle = Math.floor(broken.length / 2);
      for (const { path } of broken.slice(0, middle)) await account.upload(path);
      const { id } = await account.upload(flow.media.talk);
      for (const { path } of broken.slice(middle)) await account.upload(path);
      await expectOnce(flow, account, id, broken.length + 1);
      const failed = (await account.conversions()).filter((each) => each.id !== id);
      expect(failed.map(({ state, attempt }) => ({ state, attempt }))).toEqual(
        broken.map(() => ({ state: 'failed', attempt: 1 })),
      );
    });
  });
}

/** In a cluster, the converter is a process of its own. */
export function describeKilledServer(flow: Flow): void {
  describe('under the faults of the original,', () => {
    it('a converter that is killed while it works leads to one MP3 and one notification', async () => {
      const account = await flow.account();
      const { id } = await uploadHeld(flow, account);
      await flow.backend.crash();
      await flow.backend.ffmpeg.release();
      await expectOnce(flow, account, id);
      expect((await account.get(id)).attempt).toBe(2);
    });
  });
}

interface BegunUpload {
  /** Resolves when several megabytes were sent. */
  readonly underWay: Promise<void>;
  readonly answered: Promise<Response>;
}

/** Starts an upload that does not end by itself. */
function beginUpload(account: ApiClient): BegunUpload {
  const { promise: underWay, resolve } = Promise.withResolvers<void>();
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('--edge\r\nContent-Disposition: form-data; name="file"; filename="talk.mp4"\r\n\r\n');
    for (let sent = 0; ; sent += 1) {
      yield Buffer.alloc(64 * 1024, 1);
      if (sent === 40) resolve();
      await delay(5);
    }
  }
  const headers = { 'content-type': 'multipart/form-data; boundary=edge' };
  const answered = account.fetch('/upload', { method: 'POST', headers, body: body(), duplex: 'half' });
  answered.catch(() => undefined);
  return { underWay, answered };
}
