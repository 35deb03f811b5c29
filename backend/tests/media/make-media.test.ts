import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BrokenKind, brokenMedia } from './broken-media.ts';
import { type MediaFolder, openMediaFolder } from './make-media.ts';
import { decodeSound, probeMedia } from './measure-media.ts';

let media: MediaFolder;
beforeAll(async () => {
  media = await openMediaFolder();
});
afterAll(() => media[Symbol.asyncDispose]());

describe('openMediaFolder', () => {
  test('makes one file for each recipe', async () => {
    const path = await media.make({ container: 'wav', seconds: 1 });
    const { mtimeMs } = await stat(path);
    expect(await media.make({ container: 'wav', seconds: 1 })).toBe(path);
    expect((await stat(path)).mtimeMs).toBe(mtimeMs);
    expect(await media.make({ container: 'wav', seconds: 1.5 })).not.toBe(path);
  });

  test('makes distinguishable tracks of the requested length', async () => {
    const audio = [
      { hertz: 300, language: 'ita' },
      { hertz: 700, language: 'eng', isDefault: true },
    ];
    const path = await media.make({ container: 'mkv', seconds: 2, audio });
    const { streams } = await probeMedia(path);
    const tracks = streams.filter((stream) => stream.codec_type === 'audio');
    expect(tracks.map((track) => track.tags?.['language'])).toEqual(['ita', 'eng']);
    expect(tracks.map((track) => track.disposition?.['default'])).toEqual([0, 1]);
    expect(Math.abs((await decodeSound(path, 0)).hertz - 300)).toBeLessThan(20);
    expect(Math.abs((await decodeSound(path, 1)).hertz - 700)).toBeLessThan(20);
    expect((await decodeSound(path, 1)).seconds).toBeCloseTo(2, 1);
  });

  test('keeps the requested fraction of the bytes', async () => {
    const whole = await stat(await media.make({ container: 'wav', seconds: 1 }));
    const part = await stat(await media.make({ container: 'wav', seconds: 1, cutAt: 0.25 }));
    expect(part.size).toBe(Math.floor(whole.size / 4));
  });

  test.each(Object.keys(brokenMedia) as BrokenKind[])('makes a broken file: %s', async (kind) => {
    const path = await media.makeBroken(kind);
    expect(dirname(path)).toBe(media.path);
    expect((await decodeSound(path)).samples).toBe(0);
  });

  test('is removed when disposed of', async () => {
    const other = await openMediaFolder();
    const path = await other.make({ container: 'wav', seconds: 0.1 });
    await other[Symbol.asyncDispose]();
    await expect(access(path)).rejects.toThrow();
    await expect(access(other.path)).rejects.toThrow();
  });
});
