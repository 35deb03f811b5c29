import path from 'node:path';
import { expect, test } from 'vitest';
import { folderWords } from './folder-words.ts';

test.each([
  ['/home/somebody/Movies', ['Movies']],
  ['/home/somebody/Movies/Lectures', ['Movies', 'Lectures']],
  ['/home/somebody', ['somebody']],
  ['/home/somebody-else/Movies', ['home', 'somebody-else', 'Movies']],
  ['/home/somebody/..twice', ['..twice']],
  ['/mnt/disk', ['mnt', 'disk']],
  ['/', ['/']],
])('on Linux and macOS, %s is shown as %j', (folder, words) => {
  expect(folderWords(folder, '/home/somebody', path.posix)).toEqual(words);
});

test.each([
  ['C:\\Users\\somebody\\Videos', ['Videos']],
  ['C:\\Users\\somebody', ['somebody']],
  ['D:\\', ['D:']],
  ['D:\\Films\\Old', ['D:', 'Films', 'Old']],
  ['C:\\Films', ['C:', 'Films']],
  ['\\\\server\\share\\Films', ['\\\\server\\share', 'Films']],
])('on Windows, %s is shown as %j', (folder, words) => {
  expect(folderWords(folder, 'C:\\Users\\somebody', path.win32)).toEqual(words);
});
