import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { type ListStand, openListStand } from '../../tests/list-stand.ts';

const run = promisify(execFile);
const running = new AsyncDisposableStack();
let media: MediaFolder;
/** Its MP3 has a megabyte or more. */
let lecture: string;

beforeAll(async () => {
  media = running.use(await openMediaFolder());
  lecture = await media.make({ container: 'mkv', seconds: 120, audio: [{ codec: 'flac' }], picture: false });
});
afterAll(() => running.disposeAsync());

/** A small disk. */
interface Disk extends AsyncDisposable {
  readonly path: string;
  become(options: string): Promise<void>;
}

async function mountDisk(size: string): Promise<Disk> {
  const path = await mkdtemp(join(tmpdir(), 'soundlift-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', path]);
  return {
    path,
    become: async (options) => void (await run('mount', ['-o', `remount,${options}`, path])),
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', path]);
      await rm(path, { recursive: true });
    },
  };
}

async function drop({ list, videos }: ListStand): Promise<void> {
  const file = join(videos, 'lecture.mkv');
  await copyFile(lecture, file);
  await list.add([file]);
}

/** Only root can mount a file system. */
describe.runIf(process.getuid?.() === 0)('a disk', () => {
  let disk: Disk;
  beforeEach(async ({ onTestFinished }) => {
    disk = await mountDisk('600k');
    onTestFinished(async () => await disk[Symbol.asyncDispose]());
  });

  it('that is full is tried again, and gets the MP3 when there is space', async () => {
    await using stand = await openListStand({ settings: { saveTo: { kind: 'folder', path: disk.path } } });
    await drop(stand);
    const { state } = await stand.until('lecture.mkv', 'unsaved');
    expect(state).toMatchObject({ reason: 'disk_full', neededBytes: expect.any(Number) });
    expect(await readdir(disk.path)).toEqual([]);
    expect(stand.list.unfinished()).toBe(1);
    await disk.become('size=20m');
    stand.list.continueAll();
    await stand.until('lecture.mkv', 'done');
    expect(await readdir(disk.path)).toEqual(['lecture.mp3']);
  });

  it('that is full can be replaced by another folder', async () => {
    let stand = await openListStand({ settings: { saveTo: { kind: 'folder', path: disk.path } } });
    try {
      await drop(stand);
      const { id } = await stand.until('lecture.mkv', 'unsaved');
      stand = await stand.reopen();
      await stand.until('lecture.mkv', 'unsaved');
      // The folder is chosen just as saving is tried again.
      stand.list.continueAll();
      await stand.list.saveInto(id, stand.videos);
      await stand.until('lecture.mkv', 'done');
      expect((await readdir(stand.videos)).toSorted()).toEqual(['lecture.mkv', 'lecture.mp3']);
      expect(await readdir(disk.path)).toEqual([]);
    } finally {
      await stand[Symbol.asyncDispose]();
    }
  });

  it('that is read-only keeps the MP3 waiting', async () => {
    await disk.become('ro');
    await using stand = await openListStand({ settings: { saveTo: { kind: 'folder', path: disk.path } } });
    await drop(stand);
    const { id, state } = await stand.until('lecture.mkv', 'unsaved');
    expect(state).toMatchObject({ reason: 'read_only' });
    await disk.become('rw,size=20m');
    await stand.list.saveInto(id, disk.path);
    await stand.until('lecture.mkv', 'done');
    expect(await readdir(disk.path)).toEqual(['lecture.mp3']);
  });

  it('with the app’s data that fills up during a conversion loses nothing', async () => {
    await disk.become('size=60m');
    const videos = join(disk.path, 'videos');
    await mkdir(videos);
    await using stand = await openListStand({ folder: join(disk.path, 'app'), keepsFolder: true });
    await stand.ffmpeg.hold();
    await drop(stand);
    await stand.untilProgress('lecture.mkv');
    const filler = join(disk.path, 'filler');
    await writeFile(filler, Buffer.alloc(100_000_000)).catch(() => undefined);
    await stand.ffmpeg.release();
    await delay(4000);
    expect(stand.row('lecture.mkv')?.state.kind).not.toBe('failed');
    await rm(filler);
    stand.list.continueAll();
    await stand.until('lecture.mkv', 'done');
    expect((await readdir(stand.videos)).toSorted()).toEqual(['lecture.mkv', 'lecture.mp3']);
  });
});
