import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Finding, findSources } from './find-sources.ts';
import { hasMediaExtension } from './media-files.ts';

let root: string;
const never = new AbortController().signal;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'soundlift-find-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function make(...files: readonly string[]): Promise<void> {
  for (const file of files) {
    const whole = path.join(root, file);
    await mkdir(path.dirname(whole), { recursive: true });
    await writeFile(whole, 'bytes');
  }
}

/** The paths relative to the root. A failure is shown as `CODE path`. */
async function find(...named: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const finding of await findings(...named)) {
    if (finding.kind === 'found') found.push(path.relative(root, finding.source.path));
    else found.push(`${finding.failure.code} ${path.relative(root, finding.failure.path)}`);
  }
  return found;
}

async function findings(...named: readonly string[]): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  for await (const finding of findSources(
    named.map((one) => path.join(root, one)),
    never,
  )) {
    all.push(finding);
  }
  return all;
}

describe('a file that is named', () => {
  it('is found whatever its name', async () => {
    await make('talk.mp4', 'notes', '.hidden.txt', '-x.mp4');
    expect(await find('talk.mp4', 'notes', '.hidden.txt', '-x.mp4')).toEqual([
      'talk.mp4',
      'notes',
      '.hidden.txt',
      '-x.mp4',
    ]);
  });

  it('is reported with its path, name, size and identity', async () => {
    await make('talk.mp4');
    const [finding] = await findings('talk.mp4');
    expect(finding).toEqual({
      kind: 'found',
      source: {
        path: path.join(root, 'talk.mp4'),
        fileName: 'talk.mp4',
        bytes: 5,
        identity: expect.stringMatching(/^\d+:\d+$/) as string,
        subfolder: '',
      },
    });
  });

  it('twice, or that is also in a named folder, is found once', async () => {
    await make('a/one.mp4', 'a/two.mp4');
    expect(await find('a/two.mp4', 'a', 'a/../a/one.mp4')).toEqual(['a/two.mp4', 'a/one.mp4']);
  });

  it('and is missing is reported as failed, and the others are still found', async () => {
    await make('talk.mp4');
    await symlink('nowhere', path.join(root, 'broken.mp4'));
    expect(await find('gone.mp4', 'talk.mp4/deeper', 'broken.mp4', 'talk.mp4')).toEqual([
      'source_missing gone.mp4',
      'source_missing talk.mp4/deeper',
      'source_missing broken.mp4',
      'talk.mp4',
    ]);
  });

  it('and is a pipe, a device, a link to itself or too long is reported with a sentence', async () => {
    execFileSync('mkfifo', [path.join(root, 'pipe.mp4')]);
    await symlink('round.mp4', path.join(root, 'round.mp4'));
    const all = await findings('pipe.mp4', 'round.mp4', `${'x'.repeat(300)}.mp4`);
    expect(all.map((finding) => finding.kind === 'failed' && finding.failure)).toMatchObject([
      { code: 'source_unreadable', message: 'This is neither a file nor a folder.' },
      { code: 'source_unreadable', message: 'This link leads back to itself.' },
      { code: 'source_unreadable', message: 'The name is too long for this system.' },
    ]);
  });

  it('and is not UTF-8 is reported as such', async () => {
    const [finding] = await findings('caf\ufffd.mp4');
    expect(finding).toMatchObject({ failure: { message: 'The name of this file is not in UTF-8.' } });
  });
});

describe('a folder that is named', () => {
  it('gives the video and audio files of all folders below it, in natural order', async () => {
    await make(
      'c/10.mkv',
      'c/2.MP4',
      'c/sub/a.webm',
      'c/sub/deep/b.m4a',
      'c/notes.txt',
      'c/cover.jpg',
      'c/old.mp3',
      'c/x',
    );
    expect(await find('c')).toEqual(['c/2.MP4', 'c/10.mkv', 'c/sub/a.webm', 'c/sub/deep/b.m4a']);
  });

  it('gives the subfolder of each file', async () => {
    await make('c/a.mp4', 'c/sub/deep/b.mp4');
    const subfolders = (await findings('c')).map((finding) => finding.kind === 'found' && finding.source.subfolder);
    expect(subfolders).toEqual(['', path.join('sub', 'deep')]);
  });

  it('skips hidden files and the leftovers of a killed run', async () => {
    await make(
      'c/.a.mp4',
      'c/.git/b.mp4',
      'c/._d.mp4',
      'c/.soundlift-01234567-1-00000000-1.part',
      'c/e.mp4',
      '.f/g.mp4',
    );
    expect(await find('c')).toEqual(['c/e.mp4']);
    expect(await find('.f')).toEqual(['.f/g.mp4']);
  });

  it('may have the name of a video, and be inside another such folder', async () => {
    await make('x.mp4/inner.mp4/film.mkv');
    expect(await find('x.mp4')).toEqual(['x.mp4/inner.mp4/film.mkv']);
  });

  it('follows links to files but not links to folders, so loops end', async () => {
    await make('c/a.mp4', 'elsewhere/b.mp4');
    await symlink('.', path.join(root, 'c/loop'));
    await symlink('../elsewhere', path.join(root, 'c/away.mp4'));
    await symlink('../elsewhere/b.mp4', path.join(root, 'c/link.mp4'));
    await symlink('elsewhere', path.join(root, 'named'));
    expect(await find('c')).toEqual(['c/a.mp4', 'c/link.mp4']);
    expect(await find('named')).toEqual(['named/b.mp4']);
  });

  it.each([
    'مقابلة ١.mp4',
    '🎬 film 👩‍👩‍👧.mp4',
    `it's a "film".mp4`,
    'two\nlines.mp4',
    '-rf.mp4',
    '  spaces  .mp4',
    'back\\slash.mp4',
    '$(reboot).mp4',
    '\u001b[31mred.mp4',
  ])('gives a file named %j', async (name) => {
    await make(path.join('c', name));
    expect(await find('c')).toEqual([path.join('c', name)]);
  });

  it('gives a file with a path of over 400 characters', async () => {
    const long = path.join('c', ...Array.from({ length: 8 }, (_, level) => `${level}${'d'.repeat(60)}`), 'film.mp4');
    await make(long);
    expect(await find('c')).toEqual([long]);
  });

  it('reports a video whose name is not UTF-8, and gives the others', async () => {
    await make('c/a.mp4');
    for (const name of [Buffer.from('caf\xe9.mp4', 'latin1'), Buffer.from('\xff.txt', 'latin1')]) {
      await writeFile(Buffer.concat([Buffer.from(`${root}/c/`), name]), 'bytes');
    }
    expect(await find('c')).toEqual(['c/a.mp4', 'source_unreadable c/caf\ufffd.mp4']);
  });

  it('gives a transport stream but not a TypeScript file next to it', async () => {
    await make('c/index.ts', 'c/module.mts', 'c/empty.ts');
    const packets = Buffer.alloc(188 * 2, 0xff);
    packets[0] = 0x47;
    packets[188] = 0x47;
    await writeFile(path.join(root, 'c/stream.ts'), packets);
    const timed = Buffer.alloc(192 * 2, 0xff);
    timed[4] = 0x47;
    timed[196] = 0x47;
    await writeFile(path.join(root, 'c/camera.mts'), timed);
    expect(await find('c')).toEqual(['c/camera.mts', 'c/stream.ts']);
  });

  it('with nothing to convert is reported as failed', async () => {
    await make('c/notes.txt');
    await mkdir(path.join(root, 'empty'));
    expect(await find('c', 'empty')).toEqual(['source_missing c', 'source_missing empty']);
  });
});

it('stops when the signal fires', async () => {
  await make('c/a.mp4', 'c/sub/b.mp4');
  const stop = new AbortController();
  const reason = new Error('enough');
  await expect(async () => {
    for await (const _finding of findSources([path.join(root, 'c')], stop.signal)) stop.abort(reason);
  }).rejects.toBe(reason);
});

it('accepts each extension in upper and lower case', () => {
  expect(['a.MP4', 'a.mKv', 'a.M4A'].every(hasMediaExtension)).toBe(true);
  expect(['a.mp3', 'a', 'mp4', '.mp4', 'a.mp4.txt'].some(hasMediaExtension)).toBe(false);
});
