import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AppError, isAppError } from '../../shared/errors.ts';
import { stageSource } from './stage-source.ts';

let folder: string;
let workFolder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-stage-'));
  workFolder = join(folder, 'work');
  await mkdir(workFolder);
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(name: string, text = 'film'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function refusalOf(path: string): Promise<AppError> {
  const error: unknown = await stageSource(path, workFolder).catch((thrown: unknown) => thrown);
  if (!isAppError(error)) throw new Error('expected a refusal', { cause: error });
  return error;
}

describe('a source is linked into the work folder', () => {
  test.each(['a film.mp4', "it's; rm -rf $HOME.mkv", '-i.avi', 'two\nlines.ts', 'film', 'Übung ☃.mov'])(
    'under a fixed name, whatever its own name is: %j',
    async (name) => {
      expect(await stageSource(await write(name), workFolder)).toBe(4);
      expect(await readFile(join(workFolder, 'source'), 'utf8')).toBe('film');
    },
  );

  test('without a copy', async () => {
    const path = await write('film.mp4');
    await stageSource(path, workFolder);
    await writeFile(path, 'more film');
    expect(await readFile(join(workFolder, 'source'), 'utf8')).toBe('more film');
  });

  test('even if it is a relative link', async () => {
    await write('film.mp4');
    const path = join(folder, 'link.mp4');
    await symlink('film.mp4', path);
    await stageSource(path, workFolder);
    expect(await readFile(join(workFolder, 'source'), 'utf8')).toBe('film');
  });

  test('and replaces the link of an earlier attempt', async () => {
    await stageSource(await write('one.mp4', 'one'), workFolder);
    await stageSource(await write('two.mp4', 'two'), workFolder);
    expect(await readFile(join(workFolder, 'source'), 'utf8')).toBe('two');
    expect(await readFile(join(folder, 'one.mp4'), 'utf8')).toBe('one');
  });

  test('by a hard link as root, to reach it in a closed folder, otherwise by a symbolic link', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed);
    await writeFile(join(closed, 'film.mp4'), 'film');
    await stageSource(join(closed, 'film.mp4'), workFolder);
    const isLink = (await lstat(join(workFolder, 'source'))).isSymbolicLink();
    if (process.getuid?.() !== 0) return expect(isLink).toBe(true);

    await chmod(closed, 0o000);
    const withoutRights = ['--bounding-set=-all', '--inh-caps=-all', '--', 'cat', join(workFolder, 'source')];
    const { stdout } = await promisify(execFile)('setpriv', withoutRights);
    await chmod(closed, 0o700);
    expect(stdout).toBe('film');
  });

  test('and is still there after the work folder was removed', async () => {
    const path = await write('film.mp4');
    await stageSource(path, workFolder);
    await rm(workFolder, { recursive: true });
    expect((await lstat(path)).isFile()).toBe(true);
  });
});

describe('a source is refused', () => {
  test('if it does not exist', async () => {
    expect((await refusalOf(join(folder, 'gone.mp4'))).code).toBe('source_missing');
    expect((await refusalOf(join(await write('film.mp4'), 'inside.mp4'))).code).toBe('source_missing');
    await symlink('nowhere', join(folder, 'dangling.mp4'));
    expect((await refusalOf(join(folder, 'dangling.mp4'))).code).toBe('source_missing');
  });

  test('if it is a link that leads back to itself', async () => {
    await symlink('circle.mp4', join(folder, 'circle.mp4'));
    expect((await refusalOf(join(folder, 'circle.mp4'))).code).toBe('source_unreadable');
  });

  test('if it is a folder, a device or a pipe', async () => {
    await mkdir(join(folder, 'folder.mp4'));
    expect(await refusalOf(join(folder, 'folder.mp4'))).toMatchObject({
      code: 'not_media',
      message: 'This is a folder, not a video or audio file.',
    });
    expect((await refusalOf('/dev/zero')).code).toBe('not_media');
    await promisify(execFile)('mkfifo', [join(folder, 'pipe.mp4')]);
    expect((await refusalOf(join(folder, 'pipe.mp4'))).code).toBe('not_media');
  });

  test('if it is empty', async () => {
    expect(await refusalOf(await write('empty.mp4', ''))).toMatchObject({
      code: 'not_media',
      message: 'This file is empty.',
    });
  });
});
