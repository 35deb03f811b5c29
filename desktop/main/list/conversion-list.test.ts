import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';
import type { Row } from '../../ipc.ts';
import { openListStand } from '../../tests/list-stand.ts';

const running = new AsyncDisposableStack();
let media: MediaFolder;
let talk: string;
/** Long enough for a held ffmpeg. */
let lecture: string;
let broken: string;

beforeAll(async () => {
  media = running.use(await openMediaFolder());
  talk = await media.make({ container: 'mp4', seconds: 2 });
  lecture = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
  broken = await media.makeBroken('text');
});
afterAll(() => running.disposeAsync());

async function put(folder: string, ...names: readonly string[]): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files = names.map((name) => join(folder, name));
  for (const file of files) await copyFile(talk, file);
  return files;
}

const all = /./;

describe('a video that is dropped', () => {
  it('becomes an MP3 next to it, and its progress never decreases', async () => {
    await using stand = await openListStand();
    const { list, videos } = stand;
    const seen: Row[] = [];
    list.follow((change) => {
      if (change.type === 'rows') seen.push(...change.changed);
    });
    const [file = ''] = await put(videos, 'talk.mp4');
    await list.add([file]);
    const done = await stand.until('talk.mp4', 'done');
    expect(done).toMatchObject({ targetName: 'talk.mp3', state: { kind: 'done', folder: ['videos'] }, fraction: 1 });
    expect(await readdir(videos)).toEqual(['talk.mp3', 'talk.mp4']);
    const fractions = seen.map(({ fraction = 0 }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
    await waitUntil('the report of its batch', () => stand.news.find(({ kind }) => kind === 'batch_ended'));
    expect(stand.news.map(({ kind }) => kind)).toEqual(['added', 'batch_ended']);
    expect((await list.peaks(done.id)).length).toBeGreaterThan(10);
    expect(list.summary()).toMatchObject({ mode: 'finished', total: 1, done: 1, fraction: 1 });
    // This computer's backend keeps no second copy.
    await expect.poll(() => readdir(join(stand.dataFolder, 'backend', 'mp3s'))).toEqual([]);
  });

  it('keeps the order of the drop and the folders that it came from', async () => {
    await using stand = await openListStand();
    const { list, videos, dataFolder } = stand;
    const music = join(dataFolder, 'Music');
    await mkdir(music);
    stand.settings.change({ saveTo: { kind: 'folder', path: music } });
    await put(videos, 'b2.mp4', 'b10.mp4');
    await put(join(videos, 'deep', 'er'), 'a.mp4');
    await writeFile(join(videos, 'notes.txt'), 'no video');
    const [one = ''] = await put(dataFolder, 'z.mp4');
    await list.add([one, videos]);
    expect(list.rows().map(({ sourceName }) => sourceName)).toEqual(['z.mp4', 'b2.mp4', 'b10.mp4', 'a.mp4']);
    await waitUntil('all are done', () => list.rows().every(({ state }) => state.kind === 'done'));
    const files = await readdir(music, { recursive: true });
    expect(files.filter((name) => name.endsWith('.mp3')).toSorted()).toEqual([
      'b10.mp3',
      'b2.mp3',
      'deep/er/a.mp3',
      'z.mp3',
    ]);
  });

  it('says why it cannot be converted, and the others continue', async () => {
    await using stand = await openListStand();
    const { list, videos } = stand;
    const files = await put(videos, 'good.mp4');
    const bad = join(videos, 'bad.mp4');
    await copyFile(broken, bad);
    await list.add([bad, ...files, join(videos, 'nowhere.mp4')]);
    await stand.until('good.mp4', 'done');
    expect((await stand.until('bad.mp4', 'failed')).state).toMatchObject({ code: 'not_media' });
    expect(stand.row('nowhere.mp4')?.state).toMatchObject({ kind: 'failed', code: 'source_missing' });
    const end = await waitUntil('the report of the batch', () => stand.news.find(({ kind }) => kind === 'batch_ended'));
    expect(end).toMatchObject({
      batch: { saved: [{ name: 'good.mp3' }], failed: [{ name: 'bad.mp4' }, { name: 'nowhere.mp4' }] },
    });
    expect(list.summary()).toMatchObject({ mode: 'finished', done: 1, failed: 2 });
  });

  it('replaces an existing file only if that is wanted, and never a video or an MP3 of the list', async () => {
    await using stand = await openListStand();
    const { list, videos, answers } = stand;
    const [file = ''] = await put(videos, 'talk.mp4', 'talk.mov');
    await writeFile(join(videos, 'talk.mp3'), 'mine');
    await list.add([file]);
    expect((await stand.until('talk.mp4', 'done')).state).toMatchObject({ kept: 'talk.mp3' });
    stand.settings.change({ whenTaken: 'ask' });
    answers.nameTaken = 'replace';
    await list.add([file]);
    await waitUntil('it was replaced', async () => {
      const { readFile } = await import('node:fs/promises');
      return (await readFile(join(videos, 'talk.mp3'))).length > 100;
    });
    await list.add([join(videos, 'talk.mov')]);
    await stand.until('talk.mov', 'done');
    expect((await readdir(videos)).filter((name) => name.endsWith('.mp3')).length).toBeGreaterThanOrEqual(2);
  });
});

describe('an entry', () => {
  it('that was cancelled can be restored, and is then converted', async () => {
    await using stand = await openListStand();
    const { list, videos } = stand;
    const file = join(videos, 'lecture.mkv');
    await copyFile(lecture, file);
    await stand.ffmpeg.hold();
    await list.add([file]);
    const { id } = await stand.untilProgress('lecture.mkv');
    await list.cancel(id);
    await stand.until('lecture.mkv', 'cancelled');
    const undo = stand.news.find(({ kind }) => kind === 'cancelled');
    expect(undo).toMatchObject({ count: 1, name: 'lecture.mkv' });
    await list.undo(undo?.kind === 'cancelled' ? undo.undoId : '');
    await stand.ffmpeg.release();
    await stand.until('lecture.mkv', 'done');
    expect((await readdir(videos)).toSorted()).toEqual(['lecture.mkv', 'lecture.mp3']);
  });

  it('that was removed returns to its position when that is undone', async () => {
    await using stand = await openListStand();
    const { list, videos } = stand;
    const bad = await Promise.all(
      ['1.mp4', '2.mp4', '3.mp4'].map(async (name) => {
        await copyFile(broken, join(videos, name));
        return join(videos, name);
      }),
    );
    await list.add(bad);
    await waitUntil('all failed', () => list.rows().every(({ state }) => state.kind === 'failed'));
    await list.remove(list.rows()[1]?.id ?? '');
    await waitUntil('it is removed', () => list.rows().length === 2);
    await list.undo();
    await waitUntil('it is back', () => list.rows().length === 3);
    expect(list.rows().map(({ sourceName }) => sourceName)).toEqual(['1.mp4', '2.mp4', '3.mp4']);
  });

  it('waits while the list is paused, even if the local backend has it, and the running one finishes', async () => {
    await using stand = await openListStand({ atOnce: 1 });
    const { list, videos } = stand;
    const file = join(videos, 'lecture.mkv');
    await copyFile(lecture, file);
    const later = await put(videos, 'a.mp4', 'b.mp4');
    await stand.ffmpeg.hold();
    await list.add([file, ...later]);
    await stand.untilProgress('lecture.mkv');
    list.pauseAll();
    await stand.until('a.mp4', 'paused');
    await stand.until('b.mp4', 'paused');
    await stand.ffmpeg.release();
    await stand.until('lecture.mkv', 'done');
    expect(list.summary()).toMatchObject({ mode: 'paused', done: 1, unfinished: 2 });
    list.continueRow(stand.row('b.mp4')?.id ?? '');
    await stand.until('b.mp4', 'done');
    expect(stand.row('a.mp4')?.state.kind).toBe('paused');
    list.continueAll();
    await stand.until('a.mp4', 'done');
  });

  it('whose folder is missing keeps its MP3 until another folder is chosen', async () => {
    await using stand = await openListStand();
    const { list, videos, dataFolder } = stand;
    stand.settings.change({ saveTo: { kind: 'folder', path: join(dataFolder, 'stick') } });
    const files = await put(videos, 'talk.mp4');
    await list.add(files);
    const { id } = await stand.until('talk.mp4', 'unsaved');
    expect(stand.row('talk.mp4')?.state).toMatchObject({ reason: 'folder_away', folder: ['stick'] });
    await list.saveInto(id, videos);
    await stand.until('talk.mp4', 'done');
    expect(await readdir(videos)).toEqual(['talk.mp3', 'talk.mp4']);
  });
});

describe('the next start', () => {
  it('has the same list, and continues by itself', async () => {
    let stand = await openListStand({ atOnce: 1 });
    try {
      const { list, videos } = stand;
      const file = join(videos, 'lecture.mkv');
      await copyFile(lecture, file);
      await copyFile(broken, join(videos, 'bad.mp4'));
      await stand.ffmpeg.hold();
      await list.add([join(videos, 'bad.mp4'), file, ...(await put(videos, 'a.mp4'))]);
      await stand.untilProgress('lecture.mkv');
      await stand.until('bad.mp4', 'failed');
      const before = list.rows().map(({ id }) => id);
      stand = await stand.reopen();
      expect(stand.list.rows().map(({ id }) => id)).toEqual(before);
      expect(stand.list.unfinished()).toBe(2);
      await stand.ffmpeg.release();
      await stand.until('lecture.mkv', 'done');
      await stand.until('a.mp4', 'done');
      expect((await readdir(videos)).filter((name) => all.test(name)).toSorted()).toEqual([
        'a.mp3',
        'a.mp4',
        'bad.mp4',
        'lecture.mkv',
        'lecture.mp3',
      ]);
    } finally {
      await stand[Symbol.asyncDispose]();
    }
  });
});

describe('the history', () => {
  it('contains the saved MP3s, finds them by name, and shows missing ones', async () => {
    await using stand = await openListStand();
    const { list, videos } = stand;
    await list.add(await put(videos, 'Ständchen 100 %.mp4', 'other_1.mp4'));
    await waitUntil('both are done', () => list.rows().every(({ state }) => state.kind === 'done'));
    await list.clearFinished();
    await waitUntil('the list is empty', () => list.rows().length === 0);
    const ask = async (search: string) => await list.history({ search, offset: 0, limit: 10 });
    expect(await ask('')).toMatchObject({ total: 2, found: 2 });
    expect((await ask('STANDCHEN')).items.map(({ name }) => name)).toEqual(['Ständchen 100 %.mp3']);
    expect((await ask('100 %')).found).toBe(1);
    expect((await ask('other%')).found).toBe(0);
    await rm(join(videos, 'other_1.mp3'));
    const [item] = (await ask('other_1')).items;
    expect(item).toMatchObject({ missing: true, folder: ['videos'] });
    await list.convertAgain(item?.id ?? '');
    await stand.until('other_1.mp4', 'done');
    await list.clearHistory();
    expect(await ask('')).toMatchObject({ total: 0, found: 0, items: [] });
    expect(await readdir(videos)).toContain('other_1.mp3');
  });
});
