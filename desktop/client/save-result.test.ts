import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type * as fsPromises from 'node:fs/promises';
import {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError, isAppError } from '../../shared/errors.ts';
import { targetError } from '../../shared/words/system-failures.ts';
import type { OpenedResult } from './backend.ts';
import { fileIdentity } from './file-identity.ts';
import { createResultSaver, type ResultSaverOptions } from './save-result.ts';

// Only these two are ever mocked: no file system without hard links, or with shared extents, is available.
vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original();
  return { ...real, link: vi.fn(real.link), copyFile: vi.fn(real.copyFile) };
});

let folder: string;
let elsewhere: string;
const never = new AbortController().signal;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-save-'));
  elsewhere = await mkdtemp(path.join(tmpdir(), 'soundlift-made-'));
});
afterEach(async () => {
  vi.mocked(link).mockReset();
  vi.mocked(copyFile).mockReset();
  for (const each of [folder, elsewhere]) await rm(each, { recursive: true, force: true });
});

function resultOf(text: string): OpenedResult {
  const bytes = Buffer.from(text);
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), chunks: inPieces(bytes) };
}

/** A result with the same bytes in a file on this computer. */
async function localResultOf(text: string): Promise<OpenedResult & { readonly path: string }> {
  const file = path.join(elsewhere, 'made.mp3');
  await writeFile(file, text, { mode: 0o600 });
  return { ...resultOf(text), path: file };
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
}

function saver(options: Partial<ResultSaverOptions> = {}) {
  return createResultSaver({ overwrite: false, sources: new Set(), ...options });
}

async function save(text: string, options: Partial<ResultSaverOptions> = {}, fileName = 'talk.mp3'): Promise<string> {
  const one = saver(options);
  const saved = await one.save(await one.plan({ folder, createFolder: false, fileName }), resultOf(text), never);
  expect(path.dirname(saved)).toBe(folder);
  return path.basename(saved);
}

async function files(): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(path.join(folder, name), 'utf8')] as const)),
  );
}

describe('a result that is saved', () => {
  it('is complete under its name, with no other file left', async () => {
    expect(await save('the sound of it')).toBe('talk.mp3');
    expect(await files()).toEqual({ 'talk.mp3': 'the sound of it' });
  });

  it('gets a number when its name is taken', async () => {
    await writeFile(path.join(folder, 'talk.mp3'), 'mine');
    await writeFile(path.join(folder, 'talk (1).mp3'), 'mine too');
    expect(await save('new')).toBe('talk (2).mp3');
    expect(await files()).toEqual({ 'talk.mp3': 'mine', 'talk (1).mp3': 'mine too', 'talk (2).mp3': 'new' });
  });

  it('replaces an existing file with `overwrite`', async () => {
    await writeFile(path.join(folder, 'talk.mp3'), 'old');
    expect(await save('new', { overwrite: true })).toBe('talk.mp3');
    expect(await files()).toEqual({ 'talk.mp3': 'new' });
  });

  it('never replaces a source, with or without `overwrite`, not even by another name of it', async () => {
    const source = path.join(folder, 'song.wav');
    await writeFile(source, 'source');
    await link(source, path.join(folder, 'talk.mp3'));
    await symlink('song.wav', path.join(folder, 'talk (1).mp3'));
    const sources = new Set([fileIdentity(await stat(source, { bigint: true })) ?? '']);
    expect(await save('new', { overwrite: true, sources })).toBe('talk (2).mp3');
    expect(await readFile(source, 'utf8')).toBe('source');
  });

  it('replaces a link, never its target', async () => {
    await writeFile(path.join(folder, 'precious'), 'mine');
    await symlink('precious', path.join(folder, 'talk.mp3'));
    await save('new', { overwrite: true });
    expect(await files()).toEqual({ precious: 'mine', 'talk.mp3': 'new' });
  });

  it.each([true, false])('does not touch a folder with its name (overwrite: %s)', async (overwrite) => {
    await mkdir(path.join(folder, 'talk.mp3'));
    expect(await save('new', { overwrite })).toBe('talk (1).mp3');
  });

  it('keeps its number when the name has the maximum length', async () => {
    const fileName = `${'x'.repeat(251)}.mp3`;
    await writeFile(path.join(folder, fileName), 'mine');
    expect(await save('new', {}, fileName)).toBe(`${'x'.repeat(247)} (1).mp3`);
  });

  it.each(['with', 'without'])(
    'shares no name with others saved at the same time, on a disk %s hard links',
    async (disk) => {
      if (disk === 'without')
        vi.mocked(link).mockRejectedValue(Object.assign(new Error('no links'), { code: 'EPERM' }));
      await writeFile(path.join(folder, 'talk.mp3'), 'mine');
      const names = await Promise.all(Array.from({ length: 20 }, (_, index) => save(`sound ${index}`)));
      expect(new Set(names).size).toBe(20);
      const kept = await files();
      expect(Object.keys(kept)).toHaveLength(21);
      expect(kept['talk.mp3']).toBe('mine');
      for (const [index, name] of names.entries()) expect(kept[name]).toBe(`sound ${index}`);
    },
  );
});

describe('targets of one run', () => {
  it('with the same name are numbered in the order of planning, whichever is ready first', async () => {
    const one = saver({ overwrite: true });
    const first = await one.plan({ folder, createFolder: false, fileName: 'talk.mp3' });
    const second = await one.plan({ folder, createFolder: false, fileName: 'talk.mp3' });
    const third = await one.plan({ folder, createFolder: false, fileName: 'TALK.mp3' });
    for (const [target, text] of [
      [third, 'third'],
      [second, 'second'],
      [first, 'first'],
    ] as const) {
      await one.save(target, resultOf(text), never);
    }
    expect(await files()).toEqual({ 'talk.mp3': 'first', 'talk (1).mp3': 'second', 'TALK (2).mp3': 'third' });
  });

  it('are treated as equal if their names differ only in case or normalization', async () => {
    const one = saver();
    const numbers = [];
    for (const fileName of ['caf\u00e9.mp3', 'cafe\u0301.mp3', 'CAF\u00c9.mp3']) {
      numbers.push((await one.plan({ folder, createFolder: false, fileName })).number);
    }
    expect(numbers).toEqual([0, 1, 2]);
  });

  it('do not take a numbered name that another target has as its own', async () => {
    const one = saver({ overwrite: true });
    const targets = [];
    for (const fileName of ['a (1).mp3', 'a.mp3', 'a.mp3']) {
      targets.push(await one.plan({ folder, createFolder: false, fileName }));
    }
    for (const [index, target] of targets.entries()) await one.save(target, resultOf(`${index}`), never);
    expect(await files()).toEqual({ 'a (1).mp3': '0', 'a.mp3': '1', 'a (2).mp3': '2' });
  });

  it('are recognized as equal when their folder has two paths', async () => {
    const other = path.join(folder, 'link');
    await mkdir(path.join(folder, 'real'));
    await symlink('real', other);
    const one = saver({ overwrite: true });
    const first = await one.plan({ folder: path.join(folder, 'real'), createFolder: false, fileName: 'a.mp3' });
    const second = await one.plan({ folder: other, createFolder: false, fileName: 'a.mp3' });
    expect([first.number, second.number]).toEqual([0, 1]);
  });

  it('have their folder created only if the caller asks for it', async () => {
    const missing = path.join(folder, 'a', 'b');
    await expect(saver().plan({ folder: missing, createFolder: false, fileName: 'x.mp3' })).rejects.toMatchObject({
      code: 'target_unwritable',
    });
    await saver().plan({ folder: missing, createFolder: true, fileName: 'x.mp3' });
    expect((await stat(missing)).isDirectory()).toBe(true);
  });

  it('are refused where no folder can be created, and nothing waits forever', async () => {
    // Nobody can create a folder in /proc. On other systems, nobody but root can create /proc.
    const message =
      process.platform === 'linux' ? 'The folder for the MP3 cannot be created.' : (expect.any(String) as string);
    for (const folder of ['/proc/soundlift', '/proc/soundlift/deeper']) {
      await expect(saver().plan({ folder, createFolder: true, fileName: 'x.mp3' })).rejects.toMatchObject({
        code: 'target_unwritable',
        message,
      });
    }
  });

  it('are refused when the folder is a file', async () => {
    await writeFile(path.join(folder, 'file'), '');
    for (const below of ['file', 'file/deeper']) {
      await expect(
        saver().plan({ folder: path.join(folder, below), createFolder: true, fileName: 'x.mp3' }),
      ).rejects.toMatchObject({
        code: 'target_unwritable',
        message: 'The folder for the MP3 is not a folder.',
      });
    }
  });
});

describe('a result that lies on this computer', () => {
  // The tests' disk may not share bytes between files: a copy has the same outcome.
  async function shareBytes(): Promise<void> {
    const real = await vi.importActual<typeof fsPromises>('node:fs/promises');
    vi.mocked(copyFile).mockImplementation((existing, file) => real.copyFile(existing, file));
  }
  async function shareNoBytes(): Promise<void> {
    vi.mocked(copyFile).mockRejectedValue(Object.assign(new Error('no sharing here'), { code: 'ENOTSUP' }));
  }

  it.each([
    ['shares its bytes where the disk can', shareBytes],
    ['is copied where the disk cannot', shareNoBytes],
  ])('%s, and its backend keeps it', async (_, arrange) => {
    await arrange();
    const one = saver();
    const result = await localResultOf('the sound of it');
    const saved = await one.save(await one.plan({ folder, createFolder: false, fileName: 'talk.mp3' }), result, never);
    expect(await files()).toEqual({ 'talk.mp3': 'the sound of it' });
    await writeFile(path.join(folder, 'mine'), '');
    expect((await stat(saved)).mode).toBe((await stat(path.join(folder, 'mine'))).mode);
    expect(await readFile(result.path, 'utf8')).toBe('the sound of it');
  });

  it('is not hashed once more', async () => {
    await shareNoBytes();
    const one = saver();
    const result = { ...(await localResultOf('sound')), sha256: 'of nothing' };
    await one.save(await one.plan({ folder, createFolder: false, fileName: 'talk.mp3' }), result, never);
    expect(await files()).toEqual({ 'talk.mp3': 'sound' });
  });

  it.each([
    ['shorter', 'soun', shareBytes],
    ['shorter', 'soun', shareNoBytes],
    ['longer', 'sounds', shareBytes],
    ['longer', 'sounds', shareNoBytes],
  ])('but is %s than it was made is not saved', async (_, text, arrange) => {
    await arrange();
    const one = saver();
    const cut = { ...(await localResultOf(text)), bytes: 'sound'.length };
    const target = await one.plan({ folder, createFolder: false, fileName: 'talk.mp3' });
    await expect(one.save(target, cut, never)).rejects.toMatchObject({ code: 'internal' });
    expect(await files()).toEqual({});
  });
});

describe('a save that fails', () => {
  async function failing(result: OpenedResult, signal = never): Promise<unknown> {
    const one = saver();
    const target = await one.plan({ folder, createFolder: false, fileName: 'talk.mp3' });
    const failure: unknown = await one.save(target, result, signal).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(await files()).toEqual({});
    return failure;
  }

  it.each([
    ['other bytes', { ...resultOf('sound'), chunks: inPieces(Buffer.from('noise')) }],
    ['fewer bytes', { ...resultOf('sound'), chunks: inPieces(Buffer.from('soun')) }],
    ['more bytes', { ...resultOf('sound'), chunks: inPieces(Buffer.from('sounds')) }],
  ])('because of %s than expected leaves no file', async (_, result) => {
    expect(await failing(result)).toMatchObject({ code: 'internal' });
  });

  it('because reading the bytes fails leaves no file, and throws that error', async () => {
    const broken = new AppError('unavailable', 'The server went away.');
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      throw broken;
    }
    expect(await failing({ ...resultOf('half and half'), chunks: chunks() })).toBe(broken);
  });

  it('because it was stopped leaves no file, closes the source, and throws the reason', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    let closed = false;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from('half');
        stop.abort(reason);
        yield Buffer.from('more');
      } finally {
        closed = true;
      }
    }
    expect(await failing({ ...resultOf('half more'), chunks: chunks() }, stop.signal)).toBe(reason);
    expect(closed).toBe(true);
  });

  it('because the folder disappeared says so', async () => {
    const one = saver();
    const gone = path.join(folder, 'gone');
    const target = await one.plan({ folder: gone, createFolder: true, fileName: 'talk.mp3' });
    await rm(gone, { recursive: true });
    await expect(one.save(target, resultOf('sound'), never)).rejects.toMatchObject({
      code: 'target_unwritable',
      message: 'The folder for the MP3 is not there.',
    });
  });

  it.each([
    ['ENOSPC', 'disk_full'],
    ['EDQUOT', 'disk_full'],
    ['EROFS', 'target_unwritable'],
    ['EACCES', 'target_unwritable'],
    ['EIO', 'target_unwritable'],
  ])('with %s is reported as %s, in a sentence without a path', (code, expected) => {
    const error = targetError(Object.assign(new Error(`${code}: it failed, write '/home/me/talk.mp3'`), { code }));
    expect(error.code).toBe(expected);
    expect(error.message).toMatch(/^[A-Z][^/]*\.$/);
    expect(isAppError(error) && error.cause).toMatchObject({ code });
  });
});

describe('a leftover of a killed run', () => {
  const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

  async function leave(name: string, ageHours = 0): Promise<void> {
    const file = path.join(folder, name);
    await writeFile(file, 'half');
    const time = Date.now() / 1000 - ageHours * 3600;
    await utimes(file, time, time);
  }

  async function killedWhileSaving(): Promise<void> {
    const child: ChildProcess = spawn(
      process.execPath,
      ['--input-type=module', '-e', slowSave, path.join(import.meta.dirname, 'save-result.ts'), folder],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    if (child.stdout === null) throw new Error('no standard output');
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  const slowSave = `
    import { pathToFileURL } from 'node:url';
    const [module, folder] = process.argv.slice(1);
    const { createResultSaver } = await import(pathToFileURL(module).href);
    const saver = createResultSaver({ overwrite: false, sources: new Set() });
    const target = await saver.plan({ folder, createFolder: false, fileName: 'talk.mp3' });
    async function* chunks() {
      yield Buffer.from('half');
      console.log('writing');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    await saver.save(target, { bytes: 100, sha256: '', chunks: chunks() }, new AbortController().signal);`;

  it('is hidden, is not named like an MP3, and is removed by the next save in its folder', async () => {
    await killedWhileSaving();
    const [left, ...others] = await readdir(folder);
    expect(left).toMatch(/^\.soundlift-.*\.part$/);
    expect(others).toEqual([]);
    await save('new');
    expect(await readdir(folder)).toEqual(['talk.mp3']);
  });

  it('is distinguished from a file that this run is writing', async () => {
    const { promise: open, resolve: finish } = Promise.withResolvers<void>();
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('slow');
      await open;
    }
    const one = saver();
    const target = await one.plan({ folder, createFolder: false, fileName: 'slow.mp3' });
    const saving = one.save(target, { ...resultOf('slow'), chunks: chunks() }, never);
    await expect.poll(async () => (await readdir(folder)).length).toBe(1);
    await save('quick');
    finish();
    await saving;
    expect(await files()).toEqual({ 'slow.mp3': 'slow', 'talk.mp3': 'quick' });
  });

  it('is distinguished from files that other runs are writing, and from the person’s own files', async () => {
    const staying = [
      `.soundlift-${host}-${process.ppid}-00000000-1.part`,
      '.soundlift-0ther000-1-00000000-1.part',
      '.soundlift-01234567-1-00000000-1.part',
      '.soundlift-notes.part',
      'film.part',
    ];
    for (const name of staying) await leave(name);
    const going = [`.soundlift-${host}-${process.pid}-00000000-1.part`, `.soundlift-${host}-4194399-00000000-1.part`];
    for (const name of going) await leave(name);
    await leave('.soundlift-01234567-1-00000000-2.part', 25);
    await leave(`.soundlift-${host}-${process.ppid}-00000000-2.part`, 25);
    await save('new');
    expect((await readdir(folder)).sort()).toEqual([...staying, 'talk.mp3'].sort());
  });
});
