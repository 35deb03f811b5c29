import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCommandLine } from './command-line.ts';

const read = (...words: readonly string[]) =>
  readCommandLine({ argv: ['/opt/Soundlift/soundlift', ...words], folder: '/home/somebody', paths: path.posix });

describe('a command line', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['nothing', [], []],
    [
      'absolute and relative files',
      ['/videos/a.mp4', 'b.mp4', '../c'],
      ['/videos/a.mp4', '/home/somebody/b.mp4', '/home/c'],
    ],
    ['switches of Electron and of ours', ['--no-sandbox', '-r', '--hidden', 'a.mp4'], ['/home/somebody/a.mp4']],
    [
      'a file that looks like a switch, after --',
      ['--', '-dash.mp4', '--hidden'],
      ['/home/somebody/-dash.mp4', '/home/somebody/--hidden'],
    ],
    ['a file URL, as some desktops give it', ['file:///videos/a%20b.mp4'], ['/videos/a b.mp4']],
    ['a file URL of another computer', ['file://elsewhere/a.mp4'], []],
    ['addresses of the web', ['https://example.org/a.mp4', 'javascript://x'], []],
    ['what is empty or has a zero in it', ['', 'a\0b'], []],
  ])('gives the paths of %s', (_name, words, paths) => {
    expect(read(...words).paths).toEqual(paths);
  });

  it('says whether the window stays hidden', () => {
    expect([read('--hidden').isHidden, read('a').isHidden]).toEqual([true, false]);
  });

  it('begins after the app’s folder if the app is not packaged, after any arguments of Electron', () => {
    const argv = ['/opt/electron', '-r', '/tests/recorder.cjs', '/app', '--user-data-dir=/x', 'a.mp4'];
    expect(readCommandLine({ argv, appPath: '/app', folder: '/app', paths: path.posix }).paths).toEqual(['/app/a.mp4']);
    const dot = ['/opt/electron', '.', 'a.mp4'];
    expect(readCommandLine({ argv: dot, appPath: '/app', folder: '/app', paths: path.posix }).paths).toEqual([
      '/app/a.mp4',
    ]);
  });

  it('with one of our links has no files, because a web page may have added them', () => {
    const batchId = '7d20';
    expect(read('soundlift://b/7d20', '/etc/passwd')).toEqual({ paths: [], links: [{ batchId }], isHidden: false });
    expect(read('/etc/passwd', '--', 'SOUNDLIFT://b/../../x')).toEqual({ paths: [], links: [], isHidden: false });
  });

  it('understands drives and their URLs on Windows', () => {
    const argv = ['C:\\soundlift.exe', 'D:\\a.mp4', 'b.mp4', 'file:///C:/c%20d.mp4'];
    expect(readCommandLine({ argv, folder: 'C:\\Users', paths: path.win32 }).paths).toEqual([
      'D:\\a.mp4',
      'C:\\Users\\b.mp4',
      'C:\\c d.mp4',
    ]);
  });

  it('never throws, and gives only absolute paths', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        for (const each of read(...words).paths) expect(path.posix.isAbsolute(each)).toBe(true);
      }),
    );
  });
});
