import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { callersFolder } from './current-folder.ts';

const packageFolder = path.resolve('/home/me/soundlift');
const videos = path.resolve('/home/me/videos');

describe('the caller’s folder', () => {
  it('is the folder that npm gives, if npm started us', () => {
    expect(callersFolder(packageFolder, packageFolder, videos)).toBe(videos);
  });

  it('is the working folder, if npm started only our parent process', () => {
    expect(callersFolder(videos, packageFolder, packageFolder)).toBe(videos);
  });

  it('is the working folder without npm', () => {
    expect(callersFolder(videos, packageFolder, undefined)).toBe(videos);
    expect(callersFolder(packageFolder, packageFolder, '')).toBe(packageFolder);
  });
});
