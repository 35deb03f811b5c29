import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { openSmallDisk, type SmallDisk } from '../../../backend/tests/running/small-disk.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';
import { type ListStand, openListStand } from '../../tests/list-stand.ts';

let media: MediaFolder;
let lecture: string;
beforeAll(async () => {
  media = await openMediaFolder();
  lecture = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
});
afterAll(() => media[Symbol.asyncDispose]());

/** The disk of the app's list. */
let disk: SmallDisk;
let music: string;
let stand: ListStand;
beforeEach(async () => {
  disk = await openSmallDisk(1024 * 1024);
  music = await mkdtemp(join(tmpdir(), 'soundlift-music-'));
  await open();
});
afterEach(async () => {
  await stand[Symbol.asyncDispose]();
  await disk[Symbol.asyncDispose]();
  await rm(music, { recursive: true });
});

async function open(): Promise<void> {
  stand = await openListStand({ listFolder: disk.here, settings: { saveTo: { kind: 'folder', path: music } } });
}

async function drop(name: string): Promise<void> {
  const file = join(stand.videos, name);
  await copyFile(lecture, file);
  await stand.list.add([file]);
}

/** So many files that the list needs more space for them than its database has left over. */
async function manyFiles(): Promise<readonly string[]> {
  const folder = join(stand.videos, 'many');
  await mkdir(folder);
  const files = Array.from({ length: 500 }, (_, number) => join(folder, `${number}.mkv`));
  for (const file of files) await writeFile(file, 'no video');
  return files;
}

const fullNews = (): readonly unknown[] => stand.news.filter(({ kind }) => kind === 'list_disk_full');

describe('with 0 bytes free for the list,', () => {
  it('a drop that does not fit is refused as a whole, the person hears of it, and it works once there is space', async () => {
    await stand.ffmpeg.hold();
    await drop('one.mkv');
    const files = await manyFiles();
    stand.list.pauseAll();
    await disk.fill();
    await expect(stand.list.add(files)).rejects.toMatchObject({ code: 'disk_full' });
    expect(stand.list.rows().map(({ sourceName }) => sourceName)).toEqual(['one.mkv']);
    expect(fullNews()).toHaveLength(1);
    await disk.empty();
    await stand.list.add(files);
    expect(stand.list.rows()).toHaveLength(501);
  });

  it('a conversion that ends is not lost, and is saved once when there is space', async () => {
    await stand.ffmpeg.hold();
    await drop('one.mkv');
    await stand.untilProgress('one.mkv');
    await disk.fill();
    await stand.ffmpeg.release();
    await waitUntil('its end did not fit', () => fullNews().length > 0);
    expect(stand.row('one.mkv')?.state.kind).not.toBe('failed');
    await disk.empty();
    stand.list.continueAll();
    await stand.until('one.mkv', 'done');
    expect(await readdir(music)).toEqual(['one.mp3']);
  });

  it('a row that cannot be removed stays, the person hears of it, and it can be removed once there is space', async () => {
    await drop('one.mkv');
    const { id } = await stand.until('one.mkv', 'done');
    await disk.fill();
    await expect(stand.list.remove(id)).rejects.toMatchObject({ code: 'disk_full' });
    expect(stand.list.rows()).toHaveLength(1);
    expect(fullNews()).toHaveLength(1);
    await disk.empty();
    await stand.list.remove(id);
    await waitUntil('it is gone', () => stand.list.rows().length === 0);
  });

  it('the list opens and shows all that it had', async () => {
    await drop('one.mkv');
    await stand.until('one.mkv', 'done');
    await stand[Symbol.asyncDispose]();
    await disk.fill();
    await open();
    expect(stand.row('one.mkv')?.state.kind).toBe('done');
    await disk.empty();
    await drop('two.mkv');
    await stand.until('two.mkv', 'done');
  });

  it('a batch that has ended is reported', async () => {
    await drop('one.mkv');
    await stand.until('one.mkv', 'done');
    await waitUntil('its batch is reported', () => stand.news.some(({ kind }) => kind === 'batch_ended'));
    await stand[Symbol.asyncDispose]();
    {
      // As if the app had been killed just before.
      using database = new DatabaseSync(join(disk.here, 'list.sqlite'));
      database.exec('DELETE FROM reported_batches');
    }
    await disk.fill();
    await open();
    await waitUntil('its batch is reported again', () => stand.news.some(({ kind }) => kind === 'batch_ended'));
    expect(fullNews()).toHaveLength(1);
  });

  it('a list that was never made ends with a sentence', async () => {
    await stand[Symbol.asyncDispose]();
    await rm(join(disk.here, 'list.sqlite'));
    await disk.fill();
    await expect(open()).rejects.toMatchObject({ code: 'disk_full', message: expect.stringContaining('disk is full') });
    await disk.empty();
    await open();
  });
});
