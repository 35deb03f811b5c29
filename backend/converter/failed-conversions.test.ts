import { appendFile, copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { stampOf } from '../conversions/file-stamp.ts';
import { type Convert, owner, setUpTestConverter } from '../tests/converter-for-each-test.ts';
import { convertFile } from './convert-file.ts';
import { convertLimits } from './convert-limits.ts';
import { locateFfmpeg } from './ffmpeg/locate-ffmpeg.ts';
import { openFfmpeg } from './ffmpeg/run-ffmpeg.ts';

const stand = setUpTestConverter();
const { handle, submit, see, mp3Ids } = stand;

const missing = { code: 'source_missing', message: 'The video is no longer where it was.' };

/** A copy of a video that the test may change. */
async function ownVideo(): Promise<string> {
  const made = await stand.media.make({ container: 'mp4', seconds: 1 });
  const path = `${made}.own`;
  await copyFile(made, path);
  return path;
}

describe('a failing conversion', () => {
  test('fails at once, without a retry, with its reason', async () => {
    const { id } = await submit(await stand.media.makeBroken('text'));
    await handle();
    expect(await see(id)).toMatchObject({
      state: 'failed',
      error: { code: 'not_media', message: "This isn't a video or audio file." },
    });
    expect(stand.backend.mp3Queue.take()).toEqual([id]);
    expect(await mp3Ids()).toEqual([]);
  });

  test('says so if its source is missing', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    await handle();
    const { error } = await see(id);
    expect(error).toEqual(missing);
  });

  test('says so if its source disappears while it is read', async () => {
    const path = await ownVideo();
    const { id } = await submit(path);
    await handle({
      convert: async () => {
        await rm(path);
        throw new AppError('source_unreadable', 'The video cannot be read.');
      },
    });
    expect((await see(id)).error).toEqual(missing);
  });

  test.each<[string, (path: string) => Promise<void>]>([
    ['is moved', async (path) => await rename(path, `${path}.away`)],
    ["becomes a folder's name", async (path) => await rm(path).then(async () => void (await mkdir(path)))],
    [
      'is replaced by another file',
      async (path) => {
        await writeFile(`${path}.new`, Buffer.concat([await readFile(path), Buffer.alloc(10)]));
        await rename(`${path}.new`, path);
      },
    ],
    ['is overwritten by a smaller file', async (path) => await writeFile(path, 'small')],
  ])('says so if its source %s while it waits', async (_what, change) => {
    const path = await ownVideo();
    const { id } = await submit(path, await stampOf(path));
    await change(path);
    await handle();
    expect((await see(id)).error).toEqual(missing);
    await rm(path, { recursive: true, force: true });
    await rm(`${path}.away`, { force: true });
  });

  test('does not say so if its source has only grown or was copied back unchanged', async () => {
    for (const change of [
      async (path: string) => await appendFile(path, Buffer.alloc(10)),
      async (path: string) => {
        const { atime, mtime } = await stat(path);
        await copyFile(path, `${path}.copy`);
        await rename(`${path}.copy`, path);
        await utimes(path, atime, mtime);
      },
    ]) {
      const path = await ownVideo();
      await utimes(path, 1_700_000_000, 1_700_000_000);
      const { id } = await submit(path, await stampOf(path));
      await change(path);
      await handle();
      expect((await see(id)).state).toBe('done');
      await rm(path);
    }
  });

  test('does not show the message of an unexpected error', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const convert = () => Promise.reject(new TypeError('x is not a function at /home/somebody'));
    await handle({ convert });
    const { error } = await see(id);
    expect(error).toEqual({ code: 'converter_failed', message: 'The conversion stopped.' });
  });
});

describe('an ffmpeg that dies', () => {
  /** Converts with an ffmpeg that ends in its first `times` conversions as if somebody had sent it a signal. */
  async function dying(times: number): Promise<Convert> {
    const folder = await mkdtemp(join(stand.media.path, 'dying-'));
    const binaries = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' });
    const path = join(folder, 'ffmpeg');
    const script = `#!/bin/sh
case " $* " in *' s16le '*)
  echo >> ${folder}/runs
  if [ "$(wc -l < ${folder}/runs)" -le ${times} ]; then exit 255; fi ;;
esac
exec ${binaries.ffmpeg} "$@"
`;
    await writeFile(path, script, { mode: 0o755 });
    const ffmpeg = await openFfmpeg({ ...binaries, ffmpeg: path });
    const limits = convertLimits({ maxDurationSeconds: 3600 });
    return (request) => convertFile({ ...request, ffmpeg, limits });
  }

  /** Handles what is due, and lets the pauses pass in between. Returns the pauses. */
  async function handleAll(convert: Convert): Promise<readonly number[]> {
    const pauses: number[] = [];
    for (;;) {
      const [pause] = await handle({ convert });
      if (pause === undefined) return pauses;
      pauses.push(pause);
      stand.backend.pass(pause);
    }
  }

  test('is tried again after a pause, and costs an attempt', async () => {
    const { id } = await submit(await stand.media.make({ container: 'mp4', seconds: 1 }));
    expect(await handleAll(await dying(2))).toEqual([5, 15]);
    expect(await see(id)).toMatchObject({ state: 'done', attempt: 3 });
    expect(await mp3Ids()).toEqual([`${id}-3`]);
    expect(await stand.backend.videoQueue.deadLetters()).toEqual([]);
  });

  test('three times fails the conversion with a reason, and becomes a dead letter that names it', async () => {
    const { id } = await submit(await stand.media.make({ container: 'mp4', seconds: 1 }));
    await handleAll(await dying(3));
    const message = 'The converter stopped before it had finished.';
    expect(await see(id)).toMatchObject({ state: 'failed', attempt: 3, error: { code: 'converter_failed', message } });
    const cause = `ffmpeg died in each of 3 tries. ${message}`;
    expect(await stand.backend.videoQueue.deadLetters()).toMatchObject([{ conversionId: id, cause }]);
    expect(await mp3Ids()).toEqual([]);
  });

  test('has three tries again after a person has retried the conversion', async () => {
    const { id } = await submit(await stand.media.make({ container: 'mp4', seconds: 1 }));
    const convert = await dying(5);
    await handleAll(convert);
    await stand.backend.conversions.owned.retry(owner, id);
    await handleAll(convert);
    expect(await see(id)).toMatchObject({ state: 'done', attempt: 6 });
  });

  test('does not keep the others waiting', async () => {
    const { id: bad } = await submit(await stand.media.make({ container: 'mp4', seconds: 1 }));
    const { id: good } = await submit(await stand.media.make({ container: 'mkv', seconds: 1 }));
    expect(await handle({ convert: await dying(1) })).toEqual([5]);
    expect((await see(bad)).state).toBe('queued');
    expect((await see(good)).state).toBe('done');
  });

  test('is not taken for one that is stopped with its converter, which costs no attempt', async () => {
    const { id } = await submit(await stand.media.make({ container: 'mp4', seconds: 1 }));
    for (let time = 0; time < 30; time += 1) {
      const stopping = new AbortController();
      const convert: Convert = async (request) => {
        stopping.abort(new Error('the converter stops'));
        throw request.signal?.reason;
      };
      await handle({ convert, stopping: stopping.signal });
    }
    expect(await see(id)).toMatchObject({ state: 'queued', attempt: 1 });
    await handle();
    expect((await see(id)).state).toBe('done');
  });
});

describe('an ffmpeg that freezes', () => {
  /** Converts with an ffmpeg that does nothing in its first `times` conversions. */
  async function freezing(times: number): Promise<Convert> {
    const folder = await mkdtemp(join(stand.media.path, 'freezing-'));
    const binaries = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' });
    const path = join(folder, 'ffmpeg');
    const script = `#!/bin/sh
case " $* " in *' s16le '*)
  echo >> ${folder}/runs
  if [ "$(wc -l < ${folder}/runs)" -le ${times} ]; then exec sleep 1000; fi ;;
esac
exec ${binaries.ffmpeg} "$@"
`;
    await writeFile(path, script, { mode: 0o755 });
    const stopping = await openFfmpeg({ ...binaries, ffmpeg: path });
    const limits = { ...convertLimits({ maxDurationSeconds: 3600 }), silentSeconds: 3 };
    return (request) => convertFile({ ...request, ffmpeg: stopping, limits });
  }

  test('is killed and started again', async () => {
    const { id } = await submit(await stand.media.make({ container: 'mp4', seconds: 2 }));
    await handle({ convert: await freezing(1) });
    expect(await see(id)).toMatchObject({ state: 'done', attempt: 1 });
    expect(await mp3Ids()).toHaveLength(1);
  });

  test('again fails the conversion', async () => {
    const { id } = await submit(await stand.media.make({ container: 'mp4', seconds: 2 }));
    await handle({ convert: await freezing(2) });
    expect(await see(id)).toMatchObject({ state: 'failed', error: { code: 'timed_out' } });
    expect(await mp3Ids()).toEqual([]);
  });
});
