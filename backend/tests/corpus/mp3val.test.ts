import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../media/make-media.ts';
import { complaintsOfMp3val } from './mp3val.ts';

let media: MediaFolder;
beforeAll(async () => {
  media = await openMediaFolder();
});
afterAll(() => media[Symbol.asyncDispose]());

describe('complaintsOfMp3val', () => {
  test('are empty for a good file', async () => {
    expect(await complaintsOfMp3val(await media.make({ container: 'mp3', seconds: 1 }))).toEqual([]);
  });

  test('name bytes between two frames, and an incomplete frame', async () => {
    const good = await readFile(await media.make({ container: 'mp3', seconds: 1 }));
    const path = join(media.path, 'bad.mp3');
    await writeFile(path, Buffer.concat([good.subarray(0, 8000), Buffer.alloc(500), good.subarray(8000)]));
    expect((await complaintsOfMp3val(path)).join('\n')).toMatch(/MPEG stream error/);
    await writeFile(path, good.subarray(0, -100));
    expect((await complaintsOfMp3val(path)).join('\n')).toMatch(/file is truncated/);
  });

  test('reject for a file that is not an MP3, and if mp3val is missing', async () => {
    const wav = await media.make({ container: 'wav', seconds: 1 });
    await expect(complaintsOfMp3val(wav)).rejects.toThrow('found no MP3');
    await expect(complaintsOfMp3val(wav, join(media.path, 'missing'))).rejects.toThrow('mp3val is needed: install it');
  });
});
