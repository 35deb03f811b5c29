import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { decodeSound, probeMedia } from '../../backend/tests/media/measure-media.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../../backend/tests/running/held-ffmpeg.ts';
import { processesIn } from '../../backend/tests/running/processes.ts';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { serverEventSchema } from '../../shared/events.ts';

const commandLine = path.join(import.meta.dirname, 'soundlift.mjs');
const packageFolder = path.resolve(import.meta.dirname, '..', '..');

let media: MediaFolder;
/** Long enough for a held ffmpeg. */
let lecture: string;
let ffmpeg: HeldFfmpeg;
/** The folder in which the command runs, and its own temporary folder, in which the tests look for leftovers. */
let home: string;
let temporary: string;

beforeAll(async () => {
  media = await openMediaFolder();
  lecture = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
  ffmpeg = await makeHeldFfmpeg(media.path);
});
afterAll(() => media[Symbol.asyncDispose]());
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'soundlift-cli-'));
  temporary = path.join(home, '.temporary');
  await mkdir(temporary);
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(words: readonly string[], { cwd = home, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const child = spawn(process.execPath, [commandLine, ...words], {
    cwd,
    env: { ...process.env, TMPDIR: temporary, SOUNDLIFT_CONFIG: path.join(home, '.config'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group, as a shell makes one of each command.
    detached: true,
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const ended = once(child, 'close').then((): Ended => ({ code: child.exitCode, out, err }));
  return { child, ended, out: () => out };
}

async function soundlift(...words: readonly string[]): Promise<Ended> {
  return await start(words).ended;
}

/** A short video at a path below the home folder. */
async function put(name: string, recipe: Parameters<MediaFolder['make']>[0] = { container: 'mp4', seconds: 2 }) {
  const file = path.join(home, name);
  await mkdir(path.dirname(file), { recursive: true });
  await copyFile(await media.make(recipe), file);
  return file;
}

/** All files below the home folder, hidden ones too, and what is in the temporary folder. */
async function files(): Promise<readonly string[]> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() || entry.parentPath.startsWith(temporary))
    .map((entry) => path.relative(home, path.join(entry.parentPath, entry.name)))
    .sort();
}

describe('soundlift convert', () => {
  it('makes an MP3 next to the video, says so in one plain line, and leaves nothing else', async () => {
    await put('talk.mp4');
    const { code, out, err } = await soundlift('convert', 'talk.mp4');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^talk\.mp4 -> talk\.mp3 \(0:02, [0-9.]+ kB\)\n$/);
    expect(await files()).toEqual(['talk.mp3', 'talk.mp4']);
    expect((await decodeSound(path.join(home, 'talk.mp3'))).seconds).toBeCloseTo(2, 1);
  });

  it('converts every video in a folder, keeps the folders in DIR, and ends with 1 if one failed', async () => {
    await put('talks/1.mp4');
    await put('talks/sub/2.mkv', { container: 'mkv', seconds: 1 });
    await copyFile(await media.makeBroken('text'), path.join(home, 'talks/sub/bad.mp4'));
    const { code, out, err } = await soundlift('convert', 'talks', 'gone.mp4', '-o', 'out');
    expect(code).toBe(1);
    expect(out).toMatch(/^2 of 4 were converted\.$/m);
    expect(err.trimEnd().split('\n').sort()).toEqual([
      expect.stringMatching(/^gone\.mp4: There is no such file\./),
      expect.stringMatching(/^talks\/sub\/bad\.mp4: \S.*\.$/),
    ]);
    expect((await files()).filter((name) => name.startsWith('out'))).toEqual(['out/1.mp3', 'out/sub/2.mp3']);
  });

  it('gives the MP3 of one video the name after -o, and never replaces a file', async () => {
    await put('talk.mp4');
    await mkdir(path.join(home, 'folder.mp3'));
    for (const output of ['out/one.mp3', 'out/one.mp3', 'folder.mp3']) {
      expect(await soundlift('convert', 'talk.mp4', '-q', '-o', output)).toEqual({ code: 0, out: '', err: '' });
    }
    expect(await files()).toEqual(['folder.mp3/talk.mp3', 'out/one (1).mp3', 'out/one.mp3', 'talk.mp4']);
  });

  it.each([[['a.mp4', 'b.mp4']], [['folder']], [['a.mp4', 'https://example.org/b.mp4']]])(
    'refuses the name of an MP3 after -o for %j',
    async (inputs) => {
      for (const name of ['a.mp4', 'b.mp4', 'folder/c.mp4']) await put(name);
      const { code, err } = await soundlift('convert', ...inputs, '-o', 'one.mp3');
      expect([code, err]).toEqual([
        2,
        'With -o, name an MP3 for one video, or a folder for several or for a folder.\n',
      ]);
      expect(await files()).toEqual(['a.mp4', 'b.mp4', 'folder/c.mp4']);
    },
  );

  it('says that it takes files if it is given an address, and converts the others', async () => {
    await put('talk.mp4');
    const { code, out, err } = await soundlift('convert', 'https://example.org/a.mp4', 'talk.mp4');
    expect(code).toBe(1);
    expect(err).toBe(
      'https://example.org/a.mp4: Soundlift converts files, not addresses. Download the video, then convert the file.\n',
    );
    expect(out).toMatch(/^1 of 2 were converted\.$/m);
  });

  it('converts as many videos at once as -j says', async () => {
    for (const name of ['one.mkv', 'two.mkv', 'three.mkv']) await copyFile(lecture, path.join(home, name));
    await ffmpeg.hold();
    const words = ['convert', 'one.mkv', 'two.mkv', 'three.mkv', '--json'];
    const run = start([...words, '-j', '1'], { env: ffmpeg.environment });
    const states = (): readonly string[] =>
      run
        .out()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => serverEventSchema.safeParse(JSON.parse(line)))
        .flatMap(({ data }) => (data?.type === 'conversion' ? [data.conversion.state] : []));
    await waitUntil('one is being converted', () => states().includes('converting'));
    await waitUntil('all are there', () => states().filter((state) => state === 'queued').length === 3);
    await ffmpeg.release();
    expect((await run.ended).code).toBe(0);
    const order = states().filter((state) => state === 'converting' || state === 'done');
    expect(order.filter((state, index) => state !== order[index - 1])).toEqual([
      ...['converting', 'done', 'converting', 'done', 'converting', 'done'],
    ]);
  });

  it('keeps both MP3s of two videos with one name, and replaces nothing without --overwrite', async () => {
    await put('a/talk.mp4');
    await put('b/talk.mp4', { container: 'mp4', seconds: 1 });
    await mkdir(path.join(home, 'out'));
    await writeFile(path.join(home, 'out/talk.mp3'), 'mine');
    await soundlift('convert', 'a/talk.mp4', 'b/talk.mp4', '-o', 'out');
    expect(await readdir(path.join(home, 'out'))).toEqual(['talk (1).mp3', 'talk (2).mp3', 'talk.mp3']);
    expect(await readFile(path.join(home, 'out/talk.mp3'), 'utf8')).toBe('mine');

    await soundlift('convert', 'a/talk.mp4', 'b/talk.mp4', '-o', 'out', '--overwrite');
    expect(await readdir(path.join(home, 'out'))).toHaveLength(3);
    expect((await decodeSound(path.join(home, 'out/talk.mp3'))).seconds).toBeCloseTo(2, 1);
    expect((await decodeSound(path.join(home, 'out/talk (1).mp3'))).seconds).toBeCloseTo(1, 1);
  });

  it('never replaces a source, even if the MP3 has the same name', async () => {
    const song = await put('song.mp3', { container: 'mp3', seconds: 1 });
    const before = await readFile(song);
    expect((await soundlift('convert', 'song.mp3', '--overwrite')).code).toBe(0);
    expect(await readFile(song)).toEqual(before);
    expect(await files()).toEqual(['song (1).mp3', 'song.mp3']);
  });

  it('accepts any file name, and shows names without control characters', async () => {
    const names = [
      'مقابلة ١.mp4',
      '🎬 film 👩‍👩‍👧.mp4',
      `it's a "film" $(reboot).mp4`,
      'two\nlines.mp4',
      '-rf.mp4',
      '\u001b]0;owned\u0007.mp4',
      `${'long '.repeat(50)}.mp4`,
      'no extension',
    ];
    for (const name of names) await put(name, { container: 'mp4', seconds: 1 });
    const { code, out, err } = await soundlift('convert', '--', ...names);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^([^\p{Cc}]+\n){9}$/u);
    const results = names.map((name) => `${name.replace(/\.mp4$/, '')}.mp3`);
    expect(await files()).toEqual([...names, ...results].sort());
  });

  it('accepts a path of more than 400 characters', async () => {
    const folders = path.join(...Array.from({ length: 8 }, (_, level) => `${level}${'d'.repeat(60)}`));
    await put(path.join(folders, 'talk.mp4'));
    expect((await soundlift('convert', folders)).code).toBe(0);
    expect(await files()).toContain(path.join(folders, 'talk.mp3'));
  });

  it('obeys its options', async () => {
    const audio = [
      { hertz: 300, channels: 2 as const },
      { hertz: 700, channels: 2 as const },
    ];
    await put('talk.mkv', { container: 'mkv', seconds: 2, audio });
    const mp3 = path.join(home, 'talk.mp3');
    await soundlift('convert', 'talk.mkv', '--bitrate', '64', '--mono', '--track', '1');
    const [stream] = (await probeMedia(mp3)).streams;
    expect(stream).toMatchObject({ codec_name: 'mp3', channels: 1, bit_rate: '64000' });
    expect((await decodeSound(mp3)).hertz).toBeGreaterThan(500);
    await soundlift('convert', 'talk.mkv', '--quality', '9', '--overwrite');
    expect((await probeMedia(mp3)).streams[0]).toMatchObject({ channels: 2 });
    expect((await decodeSound(mp3)).hertz).toBeLessThan(500);
  });

  it('converts what a cut video contains, and warns', async () => {
    await put('talk.mp4', { container: 'mp4-index-first', seconds: 28, cutAt: 0.5 });
    const { code, out, err } = await soundlift('convert', 'talk.mp4');
    expect(code).toBe(0);
    expect(out).toMatch(/^talk\.mp4 -> talk\.mp3/);
    expect(err).toMatch(/^talk\.mp4: The video breaks off at 0:\d\d of 0:28\. /);
  });

  it('writes events as JSON, one per line', async () => {
    const talk = await put('talk.mp4');
    const { code, out, err } = await soundlift('convert', 'talk.mp4', 'gone.mp4', '--json');
    expect(code).toBe(1);
    expect(err).toMatch(/^gone\.mp4: There is no such file/);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string });
    const ours = events.filter(({ type }) => type === 'saved' || type === 'failed');
    const target = path.join(home, 'talk.mp3');
    expect(ours).toEqual([
      {
        type: 'failed',
        source: path.join(home, 'gone.mp4'),
        code: 'source_missing',
        message: 'There is no such file.',
      },
      { type: 'saved', id: expect.any(String) as string, source: talk, target, bytes: (await stat(target)).size },
    ]);
    const servers = events.filter((event) => !ours.includes(event)).map((event) => serverEventSchema.parse(event));
    const states = servers.flatMap((event) => (event.type === 'conversion' ? event.conversion.state : []));
    expect([...new Set(states)]).toEqual(['queued', 'converting', 'done']);
  });

  it('resolves relative paths against the folder in which npm was called', async () => {
    await put('talk.mp4');
    const { code } = await start(['convert', 'talk.mp4', '-o', 'out'], { cwd: packageFolder, env: { INIT_CWD: home } })
      .ended;
    expect(code).toBe(0);
    expect(await files()).toEqual(['out/talk.mp3', 'talk.mp4']);
  });

  it('ends with a sentence if there is no ffmpeg', async () => {
    await put('talk.mp4');
    const { code, out, err } = await start(['convert', 'talk.mp4'], { env: { FFMPEG_PATH: '/nowhere/ffmpeg' } }).ended;
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^talk\.mp4: [^\n]*ffmpeg[^\n]*\n$/);
    expect(await files()).toEqual(['talk.mp4']);
  });

  it('ends with a sentence if the folder for the MP3s cannot be created', async () => {
    await put('talk.mp4');
    const { code, err } = await soundlift('convert', 'talk.mp4', '-o', 'talk.mp4');
    expect(code).toBe(1);
    expect(err).toMatch(/^talk\.mp4: The folder for the MP3 is not a folder\./);
  });

  it('shows a bar on a terminal, and removes it at the end', async () => {
    await put('talk.mp4');
    const command = [process.execPath, commandLine, 'convert', 'talk.mp4'].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: home,
      env: { ...process.env, TMPDIR: temporary, SHELL: '/bin/sh' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    await once(child, 'close');
    expect(child.exitCode).toBe(0);
    expect(out).toMatch(/\[=*>? *\] +\d+%/);
    expect(out).toMatch(/talk\.mp4 -> talk\.mp3 \(0:02, .*\)/);
    // The bar's line is cleared to the end of the screen, and nothing is written after that.
    expect(out.endsWith('\u001b[0J')).toBe(true);
  });
});

describe('a stopped soundlift convert', () => {
  beforeEach(() => ffmpeg.hold());
  afterEach(() => ffmpeg.release());

  async function startLecture(...words: readonly string[]) {
    await put('talk.mp4');
    await copyFile(lecture, path.join(home, 'lecture.mkv'));
    const run = start(['convert', 'talk.mp4', 'lecture.mkv', '--json', ...words], { env: ffmpeg.environment });
    await waitUntil('the lecture is being converted', () => /"progress":0\.[0-9]*[1-9]/.test(run.out()));
    return run;
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends after %s with 130 and leaves nothing behind',
    async (name) => {
      const { child, ended } = await startLecture();
      child.kill(name);
      const { code, err } = await ended;
      expect(code).toBe(130);
      expect(err).toMatch(/^Stopped; [01] of 2 were converted\.\n$/);
      expect((await files()).filter((file) => file !== 'talk.mp3')).toEqual(['lecture.mkv', 'talk.mp4']);
      expect(await processesIn(home)).toEqual([]);
    },
  );

  it('reports no failure after Ctrl-C, which a terminal sends to every process at once', async () => {
    const { child, ended } = await startLecture();
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    const { code, err } = await ended;
    expect(code).toBe(130);
    expect(err).toMatch(/^Stopped; [01] of 2 were converted\.\n$/);
    expect((await files()).filter((file) => file !== 'talk.mp3')).toEqual(['lecture.mkv', 'talk.mp4']);
    expect(await processesIn(home)).toEqual([]);
  });

  it('ends without a message if nobody reads its output any more', async () => {
    await copyFile(lecture, path.join(home, 'lecture.mkv'));
    const child = spawn(
      'sh',
      ['-c', '"$0" "$@" | head -n 1', process.execPath, commandLine, 'convert', 'lecture.mkv', '--json'],
      {
        cwd: home,
        env: { ...process.env, TMPDIR: temporary, ...ffmpeg.environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
    child.stdout.resume();
    await once(child, 'close');
    expect(err).not.toMatch(/EPIPE|Error|at /);
    expect(await files()).toEqual(['lecture.mkv']);
    expect(await processesIn(home)).toEqual([]);
  });

  it('leaves no ffmpeg after a kill, and the next run removes the rest', async () => {
    const { child, ended } = await startLecture();
    child.kill('SIGKILL');
    await ended;
    await waitUntil('all its processes have ended', async () => (await processesIn(home)).length === 0);
    expect((await readdir(temporary)).length).toBeGreaterThan(0);
    await soundlift('convert', 'talk.mp4', '--overwrite');
    expect(await files()).toEqual(['lecture.mkv', 'talk.mp3', 'talk.mp4']);
  });
});

describe('soundlift', () => {
  it.each([
    [['--help'], 0, /Usage: soundlift COMMAND/, /^$/],
    [['help'], 0, /Usage: soundlift COMMAND/, /^$/],
    [['help', 'convert'], 0, /Usage: soundlift convert/, /^$/],
    [['help', 'nope'], 2, /^$/, /no command nope/],
    [['convert', '--help'], 0, /--track N/, /^$/],
    [['user', '--help'], 0, /^Usage: soundlift user add/, /^$/],
    [['serve', '--help'], 0, /--port P/, /^$/],
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
    [[], 2, /^$/, /Usage/],
    [['convert'], 2, /^$/, /at least one file/],
    [['convert', '--nope', 'a.mp4'], 2, /^$/, /Unknown option --nope/],
    [['serve', '--port', 'nine'], 2, /^$/, /^--port must be a whole number/],
    [['serve', 'here'], 2, /^$/, /only options/],
    [['login', '--help'], 0, /Usage: soundlift login URL/, /^$/],
    [['logout', '--help'], 0, /Usage: soundlift logout/, /^$/],
    [['list', '--help'], 0, /Usage: soundlift list/, /^$/],
    [['cancel', '--help'], 0, /Usage: soundlift cancel ID/, /^$/],
    [['login'], 2, /^$/, /address of a server/],
    [['login', 'ftp://localhost'], 2, /^$/, /isn't a server address/],
    [['login', 'http://localhost', 'password'], 2, /^$/, /and nothing else/],
    [['cancel'], 2, /^$/, /id of one conversion/],
    [['list', '--nope'], 2, /^$/, /^Unknown option --nope\. See soundlift list --help\.\n$/],
    [['list', 'all'], 2, /^$/, /only options/],
    [['convert', '--whole', 'a.mp4'], 2, /^$/, /needs --server/],
    [
      ['login', 'http://nowhere.invalid'],
      1,
      /^$/,
      /^No server named [^\n]* Check the address and your connection\.\n$/,
    ],
    [['list'], 1, /^$/, /^You are not signed in to any server\./],
    [['logout'], 0, /^You were not signed in\.\n$/, /^$/],
    [['devour', 'list'], 2, /^$/, /no command devour/],
    [['dead', 'list'], 2, /^$/, /^RABBITMQ_URL must be set\./],
    [['\u001b[2J'], 2, /^$/, /no command \\u\{1b\}\[2J/],
  ])('%j ends with %i', async (words, code, out, err) => {
    const ended = await soundlift(...words);
    expect(ended.code).toBe(code);
    expect(ended.out).toMatch(out);
    expect(ended.err).toMatch(err);
  });
});
