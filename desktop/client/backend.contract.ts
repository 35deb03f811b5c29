import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../../backend/tests/running/held-ffmpeg.ts';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { type Conversion, hasEnded } from '../../shared/api.ts';
import type { ServerEvent } from '../../shared/events.ts';
import type { Backend, SourceFile } from './backend.ts';

/** A running backend. It contains only what other tests have left. */
export interface BackendUnderTest {
  readonly backend: Backend;
  /** All conversions of the account, listed in another way. */
  conversions(): Promise<readonly Pick<Conversion, 'id' | 'state'>[]>;
}

const options = { format: 'mp3' } as const;
const never = new AbortController().signal;

/** Runs the contract over the backend that `open` returns. All tests share it. It must convert with `ffmpeg`. */
export function describeBackend(name: string, open: (ffmpeg: HeldFfmpeg) => Promise<BackendUnderTest>): void {
  describe(name, () => {
    let media: MediaFolder;
    let backend: Backend;
    let conversions: BackendUnderTest['conversions'];
    let ffmpeg: HeldFfmpeg;
    let folder: string;
    let talk: SourceFile;
    /** Long enough for a held ffmpeg. */
    let lecture: SourceFile;

    beforeAll(async () => {
      media = await openMediaFolder();
      talk = await sourceOf(await media.make({ container: 'mp4', seconds: 2 }), 'talk.mp4');
      const long = { container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false } as const;
      lecture = await sourceOf(await media.make(long), 'lecture.mkv');
      ffmpeg = await makeHeldFfmpeg(media.path);
      ({ backend, conversions } = await open(ffmpeg));
    });
    afterAll(() => media[Symbol.asyncDispose]());
    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'soundlift-contract-'));
    });
    afterEach(async () => {
      await ffmpeg.release();
      await rm(folder, { recursive: true, force: true });
    });

    async function untilState(id: string, ...states: readonly Conversion['state'][]): Promise<Conversion> {
      return await waitUntil(`${id} is ${states.join(' or ')}`, async () => {
        const conversion = await backend.get(id);
        return states.includes(conversion.state) ? conversion : undefined;
      });
    }

    it('converts a file, sends events about it, and gives the MP3', async () => {
      const heard: ServerEvent[] = [];
      const unfollow = backend.follow((event) => void heard.push(event));
      const batch = { batchId: crypto.randomUUID(), batchSize: 1 };
      const { id, fileName, batchId } = await backend.submit({ file: talk, options, batch }, never);
      expect({ fileName, batchId }).toEqual({ fileName: 'talk.mp4', batchId: batch.batchId });
      const statesOf = (event: ServerEvent) =>
        event.type === 'conversion' && event.conversion.id === id ? [event.conversion.state] : [];
      await waitUntil('the event that it was removed', () => heard.flatMap(statesOf).includes('done'));
      const told = ({ type }: ServerEvent) => type === 'notification';
      const notification = await waitUntil('its notification', () => heard.find(told));
      expect(notification).toMatchObject({ notification: { batchId, conversionIds: [id], counts: { done: 1 } } });
      unfollow();

      const { result } = await backend.get(id);
      const opened = await backend.openResult(id, never);
      expect(opened).toMatchObject({ bytes: result?.bytes, sha256: result?.sha256 });
      const mp3 = await bytesOf(opened.chunks);
      expect(createHash('sha256').update(mp3).digest('hex')).toBe(result?.sha256);
      const file = path.join(folder, 'talk.mp3');
      await writeFile(file, mp3);
      expect((await decodeSound(file)).seconds).toBeCloseTo(2, 1);
    });

    it('sends no events after following has ended', async () => {
      const heard: ServerEvent[] = [];
      backend.follow((event) => void heard.push(event))();
      const { id } = await backend.submit({ file: talk, options }, never);
      await untilState(id, 'done');
      expect(heard).toEqual([]);
    });

    it('accepts any file name, and obeys the options', async () => {
      const file = { ...talk, fileName: '🎬 it\'s "a film", 100 % مقابلة.mp4' };
      const wanted = { format: 'mp3', bitrateKbps: 64, channels: 1 } as const;
      const { id } = await backend.submit({ file, options: wanted }, never);
      const done = await untilState(id, 'done');
      expect(done).toMatchObject({ fileName: file.fileName, options: wanted, sourceBytes: file.bytes });
      expect(done.result?.bytes).toBeLessThan(20_000);
    });

    it('says why a file cannot be converted', async () => {
      const text = await sourceOf(await media.makeBroken('text'), 'bad.mp4');
      const { id } = await backend.submit({ file: text, options }, never);
      expect((await untilState(id, 'failed')).error).toMatchObject({ code: 'not_media' });
    });

    it('accepts an empty file, and says what is wrong with it', async () => {
      const empty = path.join(folder, 'empty.mp4');
      await writeFile(empty, '');
      const { id } = await backend.submit({ file: await sourceOf(empty, 'empty.mp4'), options }, never);
      expect((await untilState(id, 'failed')).error).toMatchObject({ code: 'not_media' });
    });

    it('starts nothing for a missing file', async () => {
      const before = (await conversions()).map(({ id }) => id);
      const file = { path: path.join(folder, 'gone.mp4'), fileName: 'gone.mp4', bytes: 10 };
      await expect(backend.submit({ file, options }, never)).rejects.toMatchObject({ code: 'source_missing' });
      expect((await conversions()).map(({ id }) => id)).toEqual(before);
    });

    it('leaves no conversion behind when a submission is stopped', async () => {
      const before = (await conversions()).map(({ id }) => id);
      const stop = new AbortController();
      const handing = backend.submit({ file: lecture, options }, stop.signal);
      stop.abort(new Error('enough'));
      await expect(handing).rejects.toThrow('enough');
      await expect(backend.submit({ file: talk, options }, stop.signal)).rejects.toThrow('enough');
      expect((await conversions()).map(({ id }) => id)).toEqual(before);
    });

    it('makes one conversion of repeated submissions, and resumes it', async () => {
      let begun: string[] = [];
      const onBegun = (id: string): void => void begun.push(id);
      const first = await backend.submit({ file: talk, options, resumable: { onBegun } }, never);
      expect(begun).toEqual([first.id]);
      begun = [];
      const again = await backend.submit({ file: talk, options, resumable: { id: first.id, onBegun } }, never);
      expect([again.id, begun]).toEqual([first.id, []]);
      await untilState(first.id, 'done');
      const late = await backend.submit({ file: talk, options, resumable: { id: first.id, onBegun } }, never);
      expect(late).toMatchObject({ id: first.id, state: 'done' });
      const ids = (await conversions()).map(({ id }) => id);
      expect(ids.filter((id) => id === first.id)).toHaveLength(1);
    });

    it('starts over when the conversion was removed in between', async () => {
      const begun: string[] = [];
      const onBegun = (id: string): void => void begun.push(id);
      const first = await backend.submit({ file: talk, options, resumable: { onBegun } }, never);
      await backend.remove(first.id);
      const second = await backend.submit({ file: talk, options, resumable: { id: first.id, onBegun } }, never);
      expect(second.id).not.toBe(first.id);
      expect(begun).toEqual([first.id, second.id]);
      await untilState(second.id, 'done');
    });

    it('submits nothing before the caller has stored the id', async () => {
      let isWritten = false;
      const onBegun = async (): Promise<void> => {
        await nextTurn();
        isWritten = true;
        throw new Error('the disk is full');
      };
      const before = (await conversions()).filter(({ state }) => state !== 'uploading').length;
      await expect(backend.submit({ file: talk, options, resumable: { onBegun } }, never)).rejects.toThrow('disk');
      expect(isWritten).toBe(true);
      expect((await conversions()).filter(({ state }) => state !== 'uploading')).toHaveLength(before);
    });

    it('keeps its latest notifications and which were read, and sends events about both', async () => {
      const heard: ServerEvent[] = [];
      const unfollow = backend.follow((event) => void heard.push(event));
      const batch = { batchId: crypto.randomUUID(), batchSize: 1 };
      const { id } = await backend.submit({ file: talk, options, batch }, never);
      const ofBatch = async () => (await backend.notifications()).find(({ batchId }) => batchId === batch.batchId);
      const notification = await waitUntil('the notification about its batch', ofBatch);
      expect(notification).toMatchObject({ kind: 'one', conversionIds: [id] });
      expect(notification.readAt).toBeUndefined();
      await backend.markRead([notification.id, 'nothing-of-the-kind']);
      expect((await ofBatch())?.readAt).toBeDefined();
      const told = (event: ServerEvent) => event.type === 'read' && event.ids.includes(notification.id);
      await waitUntil('the event that it was read', () => heard.some(told));
      unfollow();
    });

    it('clears ended conversions and nothing else', async () => {
      const ended = await backend.submit({ file: talk, options }, never);
      await untilState(ended.id, 'done');
      await ffmpeg.hold();
      const running = await backend.submit({ file: lecture, options }, never);
      await backend.clear();
      await expect(backend.get(ended.id)).rejects.toMatchObject({ code: 'not_found' });
      expect(hasEnded((await backend.get(running.id)).state)).toBe(false);
      await backend.remove(running.id);
    });

    it('cancels and retries', async () => {
      await ffmpeg.hold();
      const { id } = await backend.submit({ file: lecture, options }, never);
      await untilState(id, 'converting');
      expect(await backend.cancel(id)).toMatchObject({ id, state: 'cancelled' });
      await expect(backend.cancel(id)).rejects.toMatchObject({ code: 'wrong_state' });
      await expect(backend.openResult(id, never)).rejects.toMatchObject({ code: 'wrong_state' });
      const again = await backend.retry(id, { format: 'mp3', quality: 9 });
      expect(again).toMatchObject({ id, attempt: 2, options: { format: 'mp3', quality: 9 } });
      expect(hasEnded(again.state)).toBe(false);
      await backend.remove(id);
    });

    it('removes a running conversion, and sends an event about it', async () => {
      const removed = new Set<string>();
      const unfollow = backend.follow((event) => {
        if (event.type === 'removed') for (const id of event.ids) removed.add(id);
      });
      await ffmpeg.hold();
      const { id } = await backend.submit({ file: lecture, options }, never);
      await untilState(id, 'converting');
      await backend.remove(id);
      await waitUntil('the event that it was removed', () => removed.has(id));
      unfollow();
      const calls = [backend.get, backend.cancel, backend.retry, (gone: string) => backend.openResult(gone, never)];
      for (const call of calls) await expect(call(id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(stat(lecture.path)).resolves.toBeDefined();
    });

    it('gives a result in chunks, and stops when the signal fires', async () => {
      const minute = await sourceOf(await media.make({ container: 'mp4', seconds: 60 }), 'minute.mp4');
      const { id } = await backend.submit({ file: minute, options: { format: 'mp3', bitrateKbps: 320 } }, never);
      await untilState(id, 'done');
      const stop = new AbortController();
      const { chunks } = await backend.openResult(id, stop.signal);
      await expect(async () => {
        for await (const _chunk of chunks) stop.abort(new Error('enough'));
      }).rejects.toThrow('enough');
      const left = await backend.openResult(id, never);
      for await (const chunk of left.chunks) {
        expect(chunk.byteLength).toBeLessThan(left.bytes / 4);
        break;
      }
    });

    it.each(['nothing-of-the-kind', '../../etc/passwd', 'a b?c#d', '💿'])('has no conversion %j', async (id) => {
      await expect(backend.get(id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(backend.remove(id)).rejects.toMatchObject({ code: 'not_found' });
    });
  });
}

async function sourceOf(file: string, fileName: string): Promise<SourceFile> {
  return { path: file, fileName, bytes: (await stat(file)).size };
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return Buffer.concat(pieces);
}
