import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../../shared/errors.ts';
import { parseFrameHeader } from './mp3-frames.ts';
import { walkMp3 } from './mp3-walk.ts';

const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-walk-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Mp3Recipe {
  readonly samples: number;
  readonly sampleRate: number;
  readonly channels?: 1 | 2;
  readonly more?: readonly string[];
}

/** Encodes exactly `samples` samples of noise. */
async function encode(name: string, { samples, sampleRate, channels = 2, more = [] }: Mp3Recipe): Promise<string> {
  const path = join(folder, `${name}.mp3`);
  const source = `anoisesrc=r=${sampleRate}:a=0.3:seed=7,atrim=end_sample=${samples}`;
  const input = ['-v', 'error', '-f', 'lavfi', '-i', source];
  await run('ffmpeg', [...input, '-ac', `${channels}`, '-c:a', 'libmp3lame', ...more, path]);
  return path;
}

/** Writes a file and returns the reason why it is refused. */
async function refusalOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'refused.mp3');
  await writeFile(path, bytes);
  const error: unknown = await walkMp3(path).catch((thrown: unknown) => thrown);
  if (!isAppError(error, 'converter_failed')) throw new Error('expected converter_failed', { cause: error });
  return error.cause instanceof Error ? error.cause.message : '';
}

/** The positions of the frames in a file without ID3v2. */
function frameStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    starts.push(at);
    at += parseFrameHeader(bytes.readUInt32BE(at))?.bytes ?? bytes.length;
  }
  return starts;
}

describe('walkMp3', () => {
  test.each<Mp3Recipe>([
    { samples: 44100 * 3 + 17, sampleRate: 44100 },
    { samples: 48000 * 2, sampleRate: 48000, channels: 1, more: ['-q:a', '2'] },
    { samples: 32001, sampleRate: 32000, more: ['-b:a', '320k'] },
    { samples: 24000, sampleRate: 24000, more: ['-q:a', '9'] },
    { samples: 22051, sampleRate: 22050, channels: 1, more: ['-b:a', '8k'] },
    { samples: 11025, sampleRate: 11025, more: ['-b:a', '64k'] },
    { samples: 8000 * 2 + 1, sampleRate: 8000, channels: 1, more: ['-b:a', '8k'] },
    { samples: 48, sampleRate: 44100 },
    { samples: 1152, sampleRate: 44100, more: ['-write_id3v1', '1', '-metadata', 'title=T'] },
    { samples: 44100, sampleRate: 44100, more: ['-id3v2_version', '0', '-joint_stereo', '0'] },
  ])('finds exactly the $samples samples that went in at $sampleRate Hz, $more', async (recipe) => {
    const path = await encode(`exact-${JSON.stringify(recipe).replaceAll(/\W/g, '')}`, recipe);
    const bytes = await readFile(path);
    const facts = await walkMp3(path);
    expect(facts).toMatchObject({
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      sampleRate: recipe.sampleRate,
      channels: recipe.channels ?? 2,
      samplesPerFrame: recipe.sampleRate >= 32000 ? 1152 : 576,
      samples: recipe.samples,
    });
    expect(facts.frames * facts.samplesPerFrame - facts.delay - facts.padding).toBe(recipe.samples);
  });

  test('skips a cover larger than one chunk', async () => {
    const cover = join(folder, 'cover.png');
    await run('ffmpeg', [
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      'nullsrc=s=1200x1200,geq=random(1)*255',
      '-frames:v',
      '1',
      cover,
    ]);
    const plain = await encode('plain', { samples: 50_000, sampleRate: 44100 });
    const covered = join(folder, 'covered.mp3');
    const inputs = ['-v', 'error', '-i', plain, '-i', cover];
    await run('ffmpeg', [...inputs, '-map', '0', '-map', '1', '-c', 'copy', '-disposition:v', 'attached_pic', covered]);
    const facts = await walkMp3(covered);
    expect(facts.bytes).toBeGreaterThan(2 << 20);
    expect(facts.frames).toBe((await walkMp3(plain)).frames);
  });

  test('reads a file of many chunks', async () => {
    const path = await encode('long', { samples: 44100 * 120, sampleRate: 44100, more: ['-b:a', '320k'] });
    const facts = await walkMp3(path);
    expect(facts.bytes).toBeGreaterThan(4 << 20);
    expect(facts.samples).toBe(44100 * 120);
  });

  describe('refuses', () => {
    let good: Buffer;
    let starts: number[];

    beforeAll(async () => {
      const more = ['-id3v2_version', '0', '-b:a', '128k'];
      good = await readFile(await encode('good', { samples: 44100, sampleRate: 44100, more }));
      starts = frameStarts(good);
    });

    function frame(index: number): Buffer {
      return good.subarray(starts[index], starts[index + 1]);
    }

    test('an empty file, or only the beginning of a tag', async () => {
      expect(await refusalOf(Buffer.alloc(0))).toMatch(/no Xing frame/);
      expect(await refusalOf(Buffer.from('ID3'))).toMatch(/cut off/);
      expect(await refusalOf(Buffer.from('ID3\x03\0\0\0\0\x0f\x0fshort', 'latin1'))).toMatch(/cut off/);
    });

    test('a frame at the wrong position', async () => {
      const bytes = Buffer.from(good);
      bytes.fill(0, starts[9], (starts[9] ?? 0) + 4);
      expect(await refusalOf(bytes)).toBe(`no frame at byte ${starts[9]}`);
    });

    test('an extra byte between two frames', async () => {
      const at = starts[5] ?? 0;
      expect(await refusalOf(Buffer.concat([good.subarray(0, at), Buffer.alloc(1), good.subarray(at)]))).toMatch(
        /no frame/,
      );
    });

    test('an incomplete last frame, by one byte or within its header', async () => {
      expect(await refusalOf(good.subarray(0, -1))).toMatch(/cut off/);
      expect(await refusalOf(good.subarray(0, (starts.at(-1) ?? 0) + 3))).toMatch(/cut off/);
    });

    test('one frame fewer or more than the Xing frame counts', async () => {
      expect(await refusalOf(good.subarray(0, starts.at(-1)))).toMatch(/counts \d+ frames, but there are \d+/);
      expect(await refusalOf(Buffer.concat([good, frame(8)]))).toMatch(/counts \d+ frames, but there are \d+/);
    });

    test('the right number of frames with the wrong number of bytes', async () => {
      const bytes = Buffer.from(good);
      const countAt = good.indexOf('Info') + 12;
      bytes.writeUInt32BE(bytes.readUInt32BE(countAt) - 1, countAt);
      expect(await refusalOf(bytes)).toMatch(/counts \d+ bytes, but there are \d+/);
    });

    test('a change of sample rate, version or channels', async () => {
      const changes = [
        [2, 0x04],
        [1, 0x08],
        [3, 0xc0],
      ] as const;
      for (const [offset, bits] of changes) {
        const bytes = Buffer.from(good);
        const at = (starts[12] ?? 0) + offset;
        // Joint stereo and dual channel both have two channels. All bits of the mode must be set for one channel.
        bytes.writeUInt8(offset === 3 ? bytes.readUInt8(at) | bits : bytes.readUInt8(at) ^ bits, at);
        expect(await refusalOf(bytes)).toBe(`a different kind of frame at byte ${starts[12]}`);
      }
    });

    test('a file whose encoder never wrote its counts', async () => {
      expect(await refusalOf(good.subarray(starts[1]))).toMatch(/no Xing frame/);
      const bytes = Buffer.from(good);
      bytes.writeUInt32BE(0, good.indexOf('Info') + 8);
      expect(await refusalOf(bytes)).toMatch(/counts 0 frames/);
    });

    test('other data after the last frame', async () => {
      expect(await refusalOf(Buffer.concat([good, Buffer.from('TAG')]))).toMatch(/cut off/);
      expect(await refusalOf(Buffer.concat([good, Buffer.from('TAG'), Buffer.alloc(126)]))).toMatch(/no frame/);
      expect(await refusalOf(Buffer.concat([good, Buffer.alloc(128)]))).toMatch(/no frame/);
    });

    test('a missing file, without naming its path', async () => {
      const error: unknown = await walkMp3(join(folder, 'missing.mp3')).catch((thrown: unknown) => thrown);
      expect(isAppError(error, 'converter_failed') && !error.message.includes(folder)).toBe(true);
    });
  });

  test('rejects with the reason of the signal', async () => {
    const path = await encode('aborted', { samples: 1000, sampleRate: 44100 });
    const reason = new Error('enough');
    await expect(walkMp3(path, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const walk = walkMp3(path, controller.signal);
    controller.abort(reason);
    await expect(walk).rejects.toBe(reason);
  });
});
