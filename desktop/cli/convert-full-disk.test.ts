import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { openSmallDisk, type SmallDisk } from '../../backend/tests/running/small-disk.ts';

const commandLine = path.join(import.meta.dirname, 'soundlift.mjs');
const kibibyte = 1024;

let media: MediaFolder;
/** Its MP3 has more than 600 kB. */
let video: string;
beforeAll(async () => {
  media = await openMediaFolder();
  video = await media.make({ container: 'wav', seconds: 30 });
});
afterAll(() => media[Symbol.asyncDispose]());

let disk: SmallDisk;
let elsewhere: string;
beforeEach(async () => {
  disk = await openSmallDisk(300 * kibibyte);
  elsewhere = await mkdtemp(path.join(tmpdir(), 'soundlift-cli-'));
});
afterEach(async () => {
  await disk[Symbol.asyncDispose]();
  await rm(elsewhere, { recursive: true });
});

async function convert(
  temporary: string,
  output: string,
): Promise<{ readonly code: number | null; readonly err: string }> {
  const words = [...disk.launcher, process.execPath, commandLine, 'convert', '--bitrate', '192', '-o', output, video];
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  await once(child, 'close');
  return { code: child.exitCode, err };
}

describe('soundlift convert ends with 1 and names the folder', () => {
  it.each([
    ['is full', 0],
    ['fills up', 300 * kibibyte],
  ])('if the disk for temporary files %s', async (_, leftBytes) => {
    await disk.fill(leftBytes);
    const { code, err } = await convert(disk.path, elsewhere);
    expect(code).toBe(1);
    expect(err).toMatch(/^[^\n]*: There is not enough space for temporary files in [^\n]*\n$/);
    expect(err).toContain(` ${disk.path}.`);
    expect((await readdir(disk.here)).filter((name) => name !== 'filler')).toEqual([]);
    expect(await readdir(elsewhere)).toEqual([]);
  });

  it('if the disk for the MP3s is full', async () => {
    const output = path.join(disk.path, 'out');
    await mkdir(path.join(disk.here, 'out'));
    const { code, err } = await convert(elsewhere, output);
    expect(code).toBe(1);
    expect(err).toMatch(/^[^\n]*: There is not enough space for the MP3 in [^\n]*\n$/);
    expect(err).toContain(` ${output}.`);
    expect([await readdir(path.join(disk.here, 'out')), await readdir(elsewhere)]).toEqual([[], []]);
  });
});
