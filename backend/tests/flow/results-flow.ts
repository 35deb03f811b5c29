import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import type { ApiClient } from '../running/api-client.ts';
import type { Flow } from './flow.ts';
import { talkSeconds } from './flow-media.ts';
import { frameSeconds, mp3Seconds, soundSeconds } from './mp3-facts.ts';

export function describeResults(flow: Flow): void {
  describe("a conversion's MP3", () => {
    let account: ApiClient;
    let done: Conversion;
    let mp3: Buffer;
    beforeAll(async () => {
      account = await flow.account();
      done = await account.ended((await account.upload(flow.media.talk, 'Grüße – 講演.mp4')).id);
      mp3 = await account.download(done.id);
    });
    const file = (headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
      account.fetch(`/api/v1/conversions/${done.id}/file`, { method, headers });

    it('is as long as the audio of the video', async () => {
      const sound = await soundSeconds(flow.media.talk);
      expect(Math.abs((await mp3Seconds(mp3)) - sound)).toBeLessThan(frameSeconds);
      expect(Math.abs((done.result?.durationSeconds ?? 0) - sound)).toBeLessThan(frameSeconds);
      expect(done.durationSeconds).toBe(done.result?.durationSeconds);
      expect(sound).toBeGreaterThan(talkSeconds - 0.1);
    });

    it('matches the facts in the conversion', () => {
      const { fileName, bytes, sha256 } = done.result ?? {};
      expect(fileName).toBe('Grüße – 講演.mp3');
      expect(bytes).toBe(mp3.byteLength);
      expect(sha256).toBe(createHash('sha256').update(mp3).digest('hex'));
    });

    it('can be made from every container', async () => {
      for (const path of flow.media.others) {
        const { id } = await account.upload(path);
        expect(await account.ended(id)).toMatchObject({ state: 'done', warnings: [] });
        const [seconds, sound] = [await mp3Seconds(await account.download(id)), await soundSeconds(path)];
        expect(Math.abs(seconds - sound)).toBeLessThan(frameSeconds);
      }
    });

    it('has peaks if a single conversion is requested, but not in lists', async () => {
      const { peaks = [] } = await account.get(done.id);
      expect(peaks.length).toBeGreaterThan(100);
      // A tone is equally loud everywhere, except that its ends may fade.
      const [lowest, highest] = [Math.min(...peaks.slice(5, -5)), Math.max(...peaks.slice(5, -5))];
      expect(lowest).toBeGreaterThan(10);
      expect(highest - lowest).toBeLessThan(lowest);
      expect(done.peaks).toBeDefined();
      expect((await account.conversions()).every((each) => each.peaks === undefined)).toBe(true);
    });

    it('is the same attachment at both addresses', async () => {
      const answer = await file();
      expect(Buffer.from(await answer.arrayBuffer()).equals(mp3)).toBe(true);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'audio/mpeg',
        'content-length': String(mp3.byteLength),
        'accept-ranges': 'bytes',
        etag: `"${done.result?.sha256}"`,
      });
      expect(answer.headers.get('content-disposition')).toContain(
        `filename*=UTF-8''${encodeURIComponent('Grüße – 講演.mp3')}`,
      );
      const head = await file({}, 'HEAD');
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(mp3.byteLength)]);
    });

    it('can be requested in ranges', async () => {
      const parts = [
        ['bytes=0-99', mp3.subarray(0, 100)],
        [`bytes=${mp3.byteLength - 7}-`, mp3.subarray(-7)],
        ['bytes=-10', mp3.subarray(-10)],
        [`bytes=1000-${mp3.byteLength + 50}`, mp3.subarray(1000)],
      ] as const;
      for (const [range, part] of parts) {
        const answer = await file({ range });
        expect(answer.status).toBe(206);
        expect(answer.headers.get('content-range')).toMatch(new RegExp(`^bytes \\d+-\\d+/${mp3.byteLength}$`));
        expect(Buffer.from(await answer.arrayBuffer()).equals(part)).toBe(true);
      }
      const beyond = await file({ range: `bytes=${mp3.byteLength}-` });
      expect(beyond.status).toBe(416);
      expect(beyond.headers.get('content-range')).toBe(`bytes */${mp3.byteLength}`);
    });

    it('is not sent again to a client that has it, nor appended to another file', async () => {
      const etag = `"${done.result?.sha256}"`;
      expect((await file({ 'if-none-match': etag })).status).toBe(304);
      expect((await file({ 'if-none-match': '"another"' })).status).toBe(200);
      expect((await file({ range: 'bytes=0-9', 'if-range': etag })).status).toBe(206);
      expect((await file({ range: 'bytes=0-9', 'if-range': '"another"' })).status).toBe(200);
    });

    it('can be read by several clients at once', async () => {
      const all = await Promise.all(Array.from({ length: 20 }, () => account.download(done.id)));
      expect(all.every((each) => each.equals(mp3))).toBe(true);
    });

    it('does not change the size of the source', async () => {
      expect(done.sourceBytes).toBe((await readFile(flow.media.talk)).byteLength);
      expect((await flow.backend.stored()).videos.filter((name) => name.startsWith(done.id))).toEqual([]);
    });
  });
}
