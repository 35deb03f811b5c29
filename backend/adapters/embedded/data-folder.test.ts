import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDataFolder } from './data-folder.ts';
import { lockDataFolder } from './data-folder-lock.ts';

const done: string[] = [];
vi.mock('node:fs/promises', async (importActual) => {
  const { recordSyncs } = await import('../../tests/recorded-syncs.ts');
  return recordSyncs(await importActual(), (what) => void done.push(what));
});

describe('a data folder', () => {
  let outside: string;
  let folder: string;
  beforeEach(async () => {
    outside = await mkdtemp(path.join(tmpdir(), 'soundlift-data-'));
    folder = path.join(outside, 'deep', 'down');
  });
  afterEach(() => rm(outside, { recursive: true }));

  it('is made with all its folders, with access only for its owner', async () => {
    const layout = await openDataFolder(folder);
    expect(layout).toEqual({
      path: folder,
      called: 'The data folder',
      conversionsDatabase: path.join(folder, 'conversions.db'),
      accountsDatabase: path.join(folder, 'accounts.db'),
      videos: path.join(folder, 'videos'),
      mp3s: path.join(folder, 'mp3s'),
      work: path.join(folder, 'work'),
      lock: path.join(folder, 'lock'),
      reserve: path.join(folder, 'reserve'),
    });
    for (const each of [layout.path, layout.videos, layout.mp3s, layout.work]) {
      expect((await stat(each)).mode & 0o777).toBe(0o700);
    }
  });

  it.skipIf(process.platform === 'win32')(
    'is durable once it is made: each folder above a new one is synced',
    async () => {
      done.length = 0;
      await openDataFolder(folder);
      expect(done).toEqual([outside, path.dirname(folder), folder, folder, folder].map((each) => `sync ${each}`));
    },
  );

  it('is used unchanged if it already exists', async () => {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
    await writeFile(path.join(folder, 'mine'), 'mine');
    await openDataFolder(folder);
    await openDataFolder(folder);
    expect((await readdir(folder)).toSorted()).toEqual(['mine', 'mp3s', 'videos', 'work']);
    expect((await stat(folder)).mode & 0o777).toBe(0o755);
  });

  it('cannot be made in the place of a file', async () => {
    await writeFile(path.join(outside, 'deep'), 'a file');
    await expect(openDataFolder(folder)).rejects.toMatchObject({ name: 'AppError', code: 'data_unusable' });
  });

  it('that the system does not make is refused, and not retried forever', async () => {
    const impossible = process.platform === 'linux' ? '/proc/soundlift/data' : path.join(outside, '\0');
    await expect(openDataFolder(impossible)).rejects.toBeInstanceOf(Error);
  });

  it('has one holder of its lock at a time', async () => {
    const layout = await openDataFolder(folder);
    {
      using _ = lockDataFolder(layout);
      expect(() => lockDataFolder(layout)).toThrow(expect.objectContaining({ name: 'AppError', code: 'data_in_use' }));
      expect((await stat(layout.lock)).mode & 0o777).toBe(0o600);
    }
    const again = lockDataFolder(layout);
    again[Symbol.dispose]();
    again[Symbol.dispose]();
    lockDataFolder(layout)[Symbol.dispose]();
  });

  it('cannot be locked if it does not exist', () => {
    const locking = () => lockDataFolder({ path: folder, called: 'The folder', lock: path.join(folder, 'lock') });
    expect(locking).toThrow(expect.objectContaining({ name: 'AppError', code: 'data_unusable' }));
  });
});
