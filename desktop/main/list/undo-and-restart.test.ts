import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';
import { type ListStand, openListStand } from '../../tests/list-stand.ts';

const running = new AsyncDisposableStack();
let media: MediaFolder;
/** Long enough for a held ffmpeg. */
let lecture: string;
let broken: string;

beforeAll(async () => {
  media = running.use(await openMediaFolder());
  lecture = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
  broken = await media.makeBroken('text');
});
afterAll(() => running.disposeAsync());

async function put({ videos }: ListStand, from: string, name: string): Promise<string> {
  const file = join(videos, name);
  await copyFile(from, file);
  return file;
}

/** Expects one MP3 next to the video, and no copy of it in the backend. */
async function expectSavedOnce({ videos, dataFolder, hasPendingCalls }: ListStand): Promise<void> {
  expect((await readdir(videos)).toSorted()).toEqual(['lecture.mkv', 'lecture.mp3']);
  await waitUntil('no calls are pending', () => !hasPendingCalls());
  expect(await readdir(join(dataFolder, 'backend', 'mp3s'))).toEqual([]);
}

describe('an entry whose cancellation is undone at once', () => {
  it.each([0, 5, 20, 60, 150, 400, 900])('%d ms after its drop, is converted', { timeout: 60_000 }, async (after) => {
    await using stand = await openListStand({ atOnce: 1 });
    const { list, ffmpeg } = stand;
    await ffmpeg.hold();
    await list.add([await put(stand, lecture, 'lecture.mkv')]);
    const { id } = list.rows()[0] ?? { id: '' };
    await delay(after);
    // Undo at once, and while the cancellation is being sent.
    for (const pause of [0, 1, 0, 3, 10, 0, 30]) {
      await list.cancel(id);
      if (pause > 0) await delay(pause);
      await list.undo();
      await delay(2 * pause);
    }
    await ffmpeg.release();
    await stand.until('lecture.mkv', 'done');
    await expectSavedOnce(stand);
  });

  it('while it is saved, has one MP3', { timeout: 60_000 }, async () => {
    await using stand = await openListStand({ atOnce: 1 });
    const { list } = stand;
    let cancels = 0;
    const ended = list.follow((change) => {
      const row = change.type === 'rows' ? change.changed.find(({ state }) => state.kind === 'saving') : undefined;
      if (row === undefined || cancels > 3) return;
      cancels += 1;
      void list.cancel(row.id).then(async () => await list.undo());
    });
    await list.add([await put(stand, lecture, 'lecture.mkv')]);
    await stand.until('lecture.mkv', 'done');
    ended();
    await expectSavedOnce(stand);
  });

  it('and that is cancelled again, leaves nothing behind', { timeout: 60_000 }, async () => {
    await using stand = await openListStand({ atOnce: 1 });
    const { list, videos, dataFolder, ffmpeg } = stand;
    await ffmpeg.hold();
    for (const after of [0, 10, 25, 50, 200]) {
      await list.add([await put(stand, lecture, 'lecture.mkv')]);
      const { id } = list.rows().at(-1) ?? { id: '' };
      await delay(after);
      await list.cancel(id);
    }
    await waitUntil('no calls are pending', () => !stand.hasPendingCalls());
    await ffmpeg.release();
    await delay(2000);
    expect(list.rows().map(({ state }) => state.kind)).toEqual(Array.from({ length: 5 }, () => 'cancelled'));
    expect(await readdir(videos)).toEqual(['lecture.mkv']);
    expect(await readdir(join(dataFolder, 'backend', 'mp3s'))).toEqual([]);
  });
});

describe('after a restart', () => {
  it('removed entries are gone, and cancelled ones are not', { timeout: 60_000 }, async () => {
    let stand = await openListStand({ atOnce: 1 });
    try {
      const bad = await put(stand, broken, 'bad.mp4');
      await stand.ffmpeg.hold();
      await stand.list.add([bad, await put(stand, lecture, 'lecture.mkv')]);
      const { id } = await stand.until('bad.mp4', 'failed');
      await stand.list.cancel(stand.row('lecture.mkv')?.id ?? '');
      await stand.list.remove(id);
      stand = await stand.reopen();
      await stand.list.undo();
      expect(stand.list.rows().map(({ state, sourceName }) => [sourceName, state.kind])).toEqual([
        ['lecture.mkv', 'cancelled'],
      ]);
      expect(stand.list.details(id)).toBeNull();
      await stand.ffmpeg.release();
      await stand.list.retry(stand.row('lecture.mkv')?.id ?? '');
      await stand.until('lecture.mkv', 'done');
    } finally {
      await stand[Symbol.asyncDispose]();
    }
  });

  it('a batch that ended unreported is reported once', { timeout: 60_000 }, async () => {
    let stand = await openListStand();
    try {
      await stand.list.add([await put(stand, broken, 'bad.mp4')]);
      await waitUntil('the batch has ended', () => stand.news.some(({ kind }) => kind === 'batch_ended'));
      // As if the app had been killed before the report.
      const database = new DatabaseSync(join(stand.dataFolder, 'list.sqlite'));
      database.exec('DELETE FROM reported_batches');
      database.close();
      stand = await stand.reopen();
      await expect.poll(() => stand.news.map(({ kind }) => kind)).toEqual(['batch_ended']);
      stand = await stand.reopen();
      await delay(300);
      expect(stand.news).toEqual([]);
    } finally {
      await stand[Symbol.asyncDispose]();
    }
  });

  it('paused entries stay paused', { timeout: 60_000 }, async () => {
    let stand = await openListStand({ atOnce: 1 });
    try {
      const files = [await put(stand, lecture, 'lecture.mkv'), await put(stand, lecture, 'later.mkv')];
      const adding = stand.list.add(files);
      stand.list.pauseAll();
      await adding;
      stand = await stand.reopen();
      await delay(1000);
      expect(stand.list.rows().map(({ state }) => state.kind)).toEqual(['paused', 'paused']);
    } finally {
      await stand[Symbol.asyncDispose]();
    }
  });
});

describe('two videos whose MP3s have the same name', () => {
  it('never replace each other, however they are saved', { timeout: 60_000 }, async () => {
    await using stand = await openListStand({ settings: { whenTaken: 'replace' } });
    const { list, videos } = stand;
    const names = ['a.mkv', 'a.mov', 'a.mp4', 'a.webm'];
    const files: string[] = [];
    for (const name of names) files.push(await put(stand, lecture, name));
    await list.add(files);
    for (const name of names) await stand.until(name, 'done');
    const sounds = (await readdir(videos)).filter((name) => name.endsWith('.mp3')).toSorted();
    expect(sounds).toEqual(['a (1).mp3', 'a (2).mp3', 'a (3).mp3', 'a.mp3']);
    const saved = list.rows().map(({ id }) => list.files(id)?.saved);
    expect(new Set(saved).size).toBe(4);
  });
});

it('two drops at once are both added, each in its order', async () => {
  await using stand = await openListStand({ settings: { paused: true } });
  const { list, videos } = stand;
  for (const folder of ['one', 'two']) {
    await mkdir(join(videos, folder));
    for (let index = 0; index < 30; index += 1) await copyFile(broken, join(videos, folder, `${folder} ${index}.mp4`));
  }
  await Promise.all([list.add([join(videos, 'one')]), list.add([join(videos, 'two')])]);
  const names = list.rows().map(({ sourceName }) => sourceName);
  expect(new Set(list.rows().map(({ order }) => order)).size).toBe(60);
  for (const folder of ['one', 'two']) {
    const ofFolder = names.filter((name) => name.startsWith(folder));
    expect(ofFolder).toEqual(Array.from({ length: 30 }, (_, index) => `${folder} ${index}.mp4`));
  }
  await rm(join(videos, 'one'), { recursive: true });
});
