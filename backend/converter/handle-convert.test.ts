import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Conversion } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import { createMemoryJobQueue } from '../adapters/embedded/memory-job-queue.ts';
import type { Taken } from '../conversions/conversion-work.ts';
import { stampOf } from '../conversions/file-stamp.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { FileStamp } from '../ports/conversion-store.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import { type MediaFolder, openMediaFolder } from '../tests/media/make-media.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { makeTestConversions, type TestConversions } from '../tests/test-conversions.ts';
import { convertFile } from './convert-file.ts';
import { convertLimits } from './convert-limits.ts';
import { locateFfmpeg } from './ffmpeg/locate-ffmpeg.ts';
import { type Ffmpeg, openFfmpeg } from './ffmpeg/run-ffmpeg.ts';
import { createConvertHandler, type HandleConvertParts, startConverter, type WhenFull } from './handle-convert.ts';
import { createSpaceWaits, type WorkRoom } from './space-waits.ts';

/** While true, nothing can be removed but the link to the source, which each conversion replaces first. */
const disk = vi.hoisted(() => ({ keepsAll: false }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const rm: typeof real.rm = async (...given) => {
    if (disk.keepsAll && !String(given[0]).endsWith('/source')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    await real.rm(...given);
  };
  return { ...real, rm };
});

const owner = 'somebody';
let media: MediaFolder;
let ffmpeg: Ffmpeg;
let backend: TestConversions;
let workFolder: string;
let logged: string[];

beforeAll(async () => {
  media = await openMediaFolder();
  ffmpeg = await openFfmpeg(await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' }));
});
afterAll(async () => {
  await media[Symbol.asyncDispose]();
});
beforeEach(async () => {
  logged = [];
  backend = await makeTestConversions();
  workFolder = await mkdtemp(join(tmpdir(), 'soundlift-handle-'));
});
afterEach(async () => {
  const left = await readdir(workFolder);
  await rm(workFolder, { recursive: true });
  await backend[Symbol.asyncDispose]();
  if (left.length > 0) throw new Error(`a job left ${left.join(', ')} in the work folder`);
});

const reallyConvert: HandleConvertParts['convert'] = (request) =>
  convertFile({ ...request, ffmpeg, limits: convertLimits({ maxDurationSeconds: 3600 }) });

interface How {
  readonly convert?: HandleConvertParts['convert'];
  readonly whenFull?: WhenFull;
  readonly room?: WorkRoom;
  readonly stopping?: AbortSignal;
  readonly mayGoOn?: () => boolean;
}

/** Handles a ticket as a place does. Returns the seconds after which it wants to be woken, if any. */
async function handle({
  convert = reallyConvert,
  whenFull = 'wait',
  room = async () => 1,
  stopping,
  mayGoOn,
}: How = {}): Promise<readonly number[]> {
  const { videos, mp3s, skipped } = backend;
  const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
  const { work } = backend.conversions;
  const later: number[] = [];
  const parts: HandleConvertParts = { work, videos, mp3s, workFolder, convert, whenFull, room, log, skipped };
  const handler = createConvertHandler(parts, (_, delaySeconds) => void later.push(delaySeconds));
  const signal = stopping ?? new AbortController().signal;
  await handler({ signal, mayGoOn: mayGoOn ?? (() => !signal.aborted) });
  return later;
}

const missing = { code: 'source_missing', message: 'The video is no longer where it was.' };

async function submit(path: string, stamp?: FileStamp): Promise<Conversion> {
  const intake = { fileName: 'talk.mp4', options: { format: 'mp3' }, path, bytes: 1 } as const;
  return await backend.conversions.owned.submitFile(owner, { ...intake, ...(stamp === undefined ? {} : { stamp }) });
}

/** A copy of a video that the test may change. */
async function ownVideo(): Promise<string> {
  const made = await media.make({ container: 'mp4', seconds: 1 });
  const path = `${made}.own`;
  await copyFile(made, path);
  return path;
}

async function see(id: string): Promise<Conversion> {
  return await backend.conversions.owned.get(owner, id);
}

async function idsIn(blobs: BlobStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of blobs.list()) ids.push(id);
  return ids;
}

async function mp3Ids(): Promise<string[]> {
  return await idsIn(backend.mp3s);
}

/** A converter that calls `meanwhile` while it still works, and then finishes. */
function convertWhile(meanwhile: () => Promise<unknown>): HandleConvertParts['convert'] {
  return async (request) => {
    await meanwhile();
    const path = join(request.workFolder, 'sound.mp3');
    await writeFile(path, 'sound');
    return { path, bytes: 5, sha256: 'x', durationSeconds: 1, peaks: [], warnings: [] };
  };
}

test('a conversion whose end cannot be written does not keep the others waiting', async () => {
  const [{ id: bad }, { id: good }] = [await submit('/nowhere'), await submit('/nowhere')];
  const { videos, mp3s, skipped } = backend;
  const { work } = backend.conversions;
  const handler = createConvertHandler(
    {
      ...{ videos, mp3s, workFolder, skipped, whenFull: 'wait', room: async () => 1, log: pino({ level: 'silent' }) },
      convert: convertWhile(async () => undefined),
      work: {
        async take() {
          const taken = await work.take();
          if (taken.kind !== 'work' || taken.work.row.id !== bad) return taken;
          const refuse = () => Promise.reject(new AppError('unavailable', 'The store cannot be reached.'));
          return { kind: 'work', work: { ...taken.work, finish: refuse, fail: refuse, release: refuse } };
        },
      },
    },
    () => undefined,
  );
  const { signal } = new AbortController();
  await handler({ signal, mayGoOn: () => true });
  expect((await see(good)).state).toBe('done');
  expect((await see(bad)).state).toBe('converting');
  expect(backend.skippedItems).toEqual([`conversion ${bad}`]);
});

describe('a conversion', () => {
  test('of a file on this computer becomes an MP3', async () => {
    const { id } = await submit(await media.make({ container: 'mp4', seconds: 2 }));
    await handle();
    const done = await see(id);
    expect(done).toMatchObject({ state: 'done', attempt: 1, progress: 1, warnings: [] });
    expect(done.tracks).toEqual([{ index: 0, codec: 'aac', channels: 2 }]);
    expect(done.result).toMatchObject({ fileName: 'talk.mp3', durationSeconds: expect.closeTo(2, 1) });
    const { path } = await backend.conversions.owned.resultFile(owner, id);
    expect(await readFile(path)).toHaveLength(done.result?.bytes ?? 0);
    expect(backend.mp3Queue.take()).toEqual([id]);
  });

  test('of an uploaded video becomes an MP3, and the video is removed', async () => {
    const bytes = await readFile(await media.make({ container: 'mkv', seconds: 2 }));
    const intake = { fileName: 'talk.mkv', options: { format: 'mp3' } } as const;
    const source = (async function* () {
      yield bytes;
    })();
    const upload = await backend.conversions.owned.receive(owner, intake, source);
    const { id } = await upload.accept();
    await handle();
    expect((await see(id)).state).toBe('done');
    expect(await idsIn(backend.videos)).toEqual([]);
  });

  test.each([
    ['x'.repeat(255), `${'x'.repeat(251)}.mp3`],
    [`${'é'.repeat(126)}.mp`, `${'é'.repeat(125)}.mp3`],
    [`${'x'.repeat(251)}.mp4`, `${'x'.repeat(251)}.mp3`],
  ])('of %s becomes an MP3 whose name has at most 255 bytes', async (fileName, mp3Name) => {
    const intake = { fileName, options: { format: 'mp3' }, path: '/nowhere', bytes: 1 } as const;
    const { id } = await backend.conversions.owned.submitFile(owner, intake);
    await handle({ convert: convertWhile(async () => undefined) });
    const { result } = await see(id);
    expect(result?.fileName).toBe(mp3Name);
    expect(Buffer.byteLength(mp3Name)).toBeLessThanOrEqual(255);
  });

  test('reports its progress', async () => {
    const { id } = await submit(await media.make({ container: 'wav', seconds: 60 }));
    await handle();
    const progress = backend.told.filter((event) => event.type === 'progress');
    expect(progress.length).toBeGreaterThan(0);
    for (const event of progress) expect(event).toMatchObject({ id, speed: expect.any(Number) });
  });

  test('is not started if it does not exist, has ended, or is leased by another converter', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const convert = () => Promise.reject(new Error('must not be called'));
    await handle({ convert: convertWhile(() => handle({ convert })) });
    expect((await see(id)).state).toBe('done');
    await handle({ convert });
    expect((await see(id)).state).toBe('done');
  });
});

describe('a place', () => {
  test('converts all that is queued, one after the other, in the order of their turns', async () => {
    const ids: string[] = [];
    for (const each of [owner, owner, 'another']) {
      const intake = { fileName: 'talk.mp4', options: { format: 'mp3' }, path: '/nowhere', bytes: 1 } as const;
      ids.push((await backend.conversions.owned.submitFile(each, intake)).id);
    }
    const running: number[] = [];
    await handle({
      convert: convertWhile(async () => {
        const rows = await Promise.all(ids.map(async (id) => await backend.store.get(id)));
        running.push(...rows.flatMap((row, index) => (row?.state === 'converting' ? [index] : [])));
      }),
    });
    expect(running).toEqual([2, 0, 1]);
  });

  test('takes no further conversion after it was told to stop', async () => {
    const ids = [(await submit('/nowhere')).id, (await submit('/nowhere')).id];
    let mayGoOn = true;
    const convert = convertWhile(async () => {
      mayGoOn = false;
    });
    await handle({ convert, mayGoOn: () => mayGoOn });
    const states = await Promise.all(ids.map(async (id) => (await see(id)).state));
    expect(states).toEqual(['done', 'queued']);
  });
});

describe('a converter', () => {
  interface Started {
    readonly queue: JobQueue;
    readonly parts: HandleConvertParts;
  }

  function start(convert: HandleConvertParts['convert']): Started {
    const { videos, mp3s, skipped } = backend;
    const { work } = backend.conversions;
    const log = pino({ level: 'silent' });
    const queue = createMemoryJobQueue((error) => log.error(error));
    const parts = { work, videos, mp3s, workFolder, convert, room: async () => 1, log, skipped };
    return { queue, parts: { ...parts, whenFull: 'wait' } };
  }

  test('is woken when the first of the waiting conversions becomes due', async () => {
    const { id } = await submit('/nowhere');
    let tries = 0;
    const { queue, parts } = start(async (request) => {
      tries += 1;
      if (tries === 1) throw new AppError('disk_full', 'The disk is full.');
      return await convertWhile(async () => undefined)(request);
    });
    const looks: string[] = [];
    const take = async (): Promise<Taken> => {
      const taken = await parts.work.take();
      looks.push(taken.kind);
      return taken;
    };
    const converter = await startConverter({ ...parts, work: { take }, videoQueue: queue, places: 1 });
    await waitUntil('it waits', () => looks.at(-1) === 'later');
    backend.pass(4.9);
    await queue.publish({ conversionId: id });
    await waitUntil('it has looked again', () => looks.length > 2);
    expect(looks.slice(0, 3)).toEqual(['work', 'later', 'later']);
    backend.pass(0.1);
    await waitUntil('it is done', async () => (await see(id)).state === 'done');
    expect(tries).toBe(2);
    await converter.stop();
    await queue.close();
  });

  test('shares the queue with another converter, and neither leaves work undone', async () => {
    const { queue, parts } = start(convertWhile(async () => await setImmediate()));
    const converters = [
      await startConverter({ ...parts, videoQueue: queue, places: 2 }),
      await startConverter({ ...parts, videoQueue: queue, places: 1 }),
    ];
    const ids: string[] = [];
    for (let index = 0; index < 20; index += 1) {
      const { id } = await submit('/nowhere');
      await queue.publish({ conversionId: id });
      ids.push(id);
      if (index === 10) converters[0]?.setPlaces(1);
    }
    await waitUntil('all are done', async () => {
      const states = await Promise.all(ids.map(async (id) => (await see(id)).state));
      return states.every((state) => state === 'done');
    });
    for (const converter of converters) await converter.stop();
    await queue.close();
  });
});

describe('an ffmpeg that freezes', () => {
  /** Converts with an ffmpeg that does nothing in its first `times` conversions. */
  async function freezing(times: number): Promise<HandleConvertParts['convert']> {
    const folder = await mkdtemp(join(media.path, 'freezing-'));
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
    const { id } = await submit(await media.make({ container: 'mp4', seconds: 2 }));
    await handle({ convert: await freezing(1) });
    expect(await see(id)).toMatchObject({ state: 'done', attempt: 1 });
    expect(await mp3Ids()).toHaveLength(1);
  });

  test('again fails the conversion', async () => {
    const { id } = await submit(await media.make({ container: 'mp4', seconds: 2 }));
    await handle({ convert: await freezing(2) });
    expect(await see(id)).toMatchObject({ state: 'failed', error: { code: 'timed_out' } });
    expect(await mp3Ids()).toEqual([]);
  });
});

describe('a failing conversion', () => {
  test('fails at once, without a retry, with its reason', async () => {
    const { id } = await submit(await media.makeBroken('text'));
    await handle();
    expect(await see(id)).toMatchObject({
      state: 'failed',
      error: { code: 'not_media', message: "This isn't a video or audio file." },
    });
    expect(backend.mp3Queue.take()).toEqual([id]);
    expect(await mp3Ids()).toEqual([]);
  });

  test('waits if the system is short of something, however the error says so', async () => {
    for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']) {
      const short = Object.assign(new Error(`open ${code}`), { code });
      for (const error of [short, new AppError('converter_failed', 'It is damaged.', { cause: short })]) {
        const { id } = await submit('/nowhere/talk.mp4');
        const later = await handle({ convert: () => Promise.reject(error) });
        expect(later).toHaveLength(1);
        expect(await see(id)).toMatchObject({ state: 'queued', attempt: 1 });
        await backend.conversions.owned.remove(owner, id);
      }
    }
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

describe('a conversion with a full disk', () => {
  const convert = () => Promise.reject(new AppError('disk_full', 'The disk is full.'));

  test('waits without using up an attempt, and is retried', async () => {
    const { id } = await submit(await media.make({ container: 'mp4', seconds: 2 }));
    const [delaySeconds = 0] = await handle({ convert });
    expect(delaySeconds).toBeGreaterThan(0);
    expect(await see(id)).toMatchObject({ state: 'queued', attempt: 1 });
    backend.pass(delaySeconds / 2);
    expect(await handle()).toEqual([delaySeconds / 2]);
    backend.pass(delaySeconds / 2);
    await handle();
    expect(await see(id)).toMatchObject({ state: 'done', attempt: 1 });
  });

  test('also waits if its folder cannot be created', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const full = () => Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }));
    expect(await handle({ convert: full })).toEqual([5]);
    expect((await see(id)).state).toBe('queued');
  });

  test('waits longer each time, up to a limit, and says so once', async () => {
    await submit('/nowhere/talk.mp4');
    const lines: string[] = [];
    const { videos, mp3s, skipped } = backend;
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const { work } = backend.conversions;
    const waits: number[] = [];
    const handler = createConvertHandler(
      { work, videos, mp3s, workFolder, convert, whenFull: 'wait', room: async () => 1, log, skipped },
      (_, delaySeconds) => void waits.push(delaySeconds),
    );
    for (let times = 0; times < 6; times += 1) {
      await handler({ signal: new AbortController().signal, mayGoOn: () => true });
      backend.pass(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([5, 10, 20, 40, 60, 60]);
    expect(lines).toHaveLength(1);
  });

  test('is not begun while there is no room, and then goes on by itself', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    let looks = 0;
    const room = async (): Promise<number> => {
      looks += 1;
      return looks > 1 ? 1 : 0;
    };
    let looksBefore = 0;
    const convert = convertWhile(async () => {
      looksBefore = looks;
    });
    await handle({ convert, room });
    expect([(await see(id)).state, looksBefore]).toEqual(['done', 2]);
  });

  test('is one of several that wait, which is said once', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(String(JSON.parse(line).msg)) });
    let bytes = 0;
    const waits = createSpaceWaits(async () => bytes, log);
    const never = new AbortController().signal;
    const waiting = Promise.all([waits.untilRoom(never), waits.untilRoom(never)]);
    await waitUntil('one waits', () => lines.length > 0);
    bytes = 1;
    await waiting;
    expect(lines).toEqual([
      'the disk is full: conversions wait until there is space',
      'there is space again: conversions go on',
    ]);
  });

  test('is stopped before it takes the space of the databases, and leaves nothing', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    let bytes = 1;
    const convertUntilFull: HandleConvertParts['convert'] = async ({ workFolder: folder, signal }) => {
      await writeFile(join(folder, 'sound.mp3'), 'half of it');
      bytes = 0;
      const { promise, reject } = Promise.withResolvers<never>();
      signal?.addEventListener('abort', () => {
        bytes = 1;
        reject(signal.reason);
      });
      return await promise;
    };
    expect(await handle({ convert: convertUntilFull, room: async () => bytes })).toEqual([5]);
    expect(await see(id)).toMatchObject({ state: 'queued', attempt: 1 });
    expect([await mp3Ids(), await readdir(workFolder)]).toEqual([[], []]);
  });

  test('frees its folder and its MP3 before its row is written', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const real = backend.conversions.work;
    const left: unknown[] = [];
    const work = {
      async take(): Promise<Taken> {
        const taken = await real.take();
        if (taken.kind !== 'work') return taken;
        const { work: taking } = taken;
        const full = async (): Promise<never> => {
          throw new AppError('disk_full', 'The disk is full.');
        };
        const release = async (seconds: number): Promise<void> => {
          left.push(await mp3Ids(), await readdir(workFolder));
          await taking.release(seconds);
        };
        return { kind: 'work', work: { ...taking, finish: full, release } };
      },
    };
    const { videos, mp3s, skipped } = backend;
    const log = pino({ level: 'silent' });
    const parts = { work, videos, mp3s, workFolder, whenFull: 'wait', room: async () => 1, log, skipped } as const;
    const handler = createConvertHandler({ ...parts, convert: convertWhile(async () => undefined) }, () => undefined);
    await handler({ signal: new AbortController().signal, mayGoOn: () => true });
    expect(left).toEqual([[], []]);
    expect((await see(id)).state).toBe('queued');
  });

  test('fails if it must not wait', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    await handle({ convert, whenFull: { fail: 'There is no space in this folder.' } });
    expect((await see(id)).error).toEqual({ code: 'disk_full', message: 'There is no space in this folder.' });
  });
});

describe('a conversion that is stopped', () => {
  /** Calls `act` when ffmpeg has started to deliver. */
  function convertAndThen(act: () => void): HandleConvertParts['convert'] {
    return (request) =>
      reallyConvert({
        ...request,
        onProgress: (progress) => {
          request.onProgress?.(progress);
          act();
        },
      });
  }

  async function processesBelowWorkFolder(): Promise<string[]> {
    const ids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
    const folders = await Promise.all(ids.map((id) => readlink(`/proc/${id}/cwd`).catch(() => '')));
    return folders.filter((folder) => folder.startsWith(workFolder));
  }

  test('by a cancel ends with its ffmpeg', async () => {
    const { id } = await submit(await media.make({ container: 'wav', seconds: 90 }));
    const convert = convertAndThen(() => void backend.conversions.owned.cancel(owner, id));
    await handle({ convert });
    expect(await see(id)).toMatchObject({ state: 'cancelled' });
    expect(await processesBelowWorkFolder()).toEqual([]);
    expect(await mp3Ids()).toEqual([]);
  });

  test('by a shutdown goes back to the queue, and the next converter does it', async () => {
    const { id } = await submit(await media.make({ container: 'wav', seconds: 90 }));
    const stopping = new AbortController();
    const convert = convertAndThen(() => stopping.abort());
    await handle({ convert, stopping: stopping.signal });
    expect(await see(id)).toMatchObject({ state: 'queued', attempt: 1 });
    expect(await processesBelowWorkFolder()).toEqual([]);
    await handle();
    expect(await see(id)).toMatchObject({ state: 'done', attempt: 1 });
  });

  test('while its MP3 is being stored leaves no MP3', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const convert = convertWhile(() => backend.conversions.owned.cancel(owner, id));
    await handle({ convert });
    expect((await see(id)).state).toBe('cancelled');
    expect(await mp3Ids()).toEqual([]);
  });
});

describe('a conversion during which nothing can be removed', () => {
  afterEach(async () => {
    disk.keepsAll = false;
    for (const left of await readdir(workFolder)) await rm(join(workFolder, left), { recursive: true });
  });

  test('fails with its own reason, and the next one is converted', async () => {
    const { id } = await submit(await media.makeBroken('text'));
    const next = await submit(await media.make({ container: 'mp4', seconds: 1 }));
    disk.keepsAll = true;
    await handle();
    expect((await see(id)).error).toMatchObject({ code: 'not_media' });
    expect((await see(next.id)).state).toBe('done');
    expect(backend.skippedItems.filter((item) => item.startsWith('folder '))).toHaveLength(2);
  });

  test('says that an MP3 remains of it if it is cancelled at its end', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const { adopt } = backend.mp3s;
    vi.spyOn(backend.mp3s, 'adopt').mockImplementationOnce(async (...given) => {
      const adopted = await adopt(...given);
      await backend.conversions.owned.cancel(owner, id);
      disk.keepsAll = true;
      return adopted;
    });
    await handle({ convert: convertWhile(async () => undefined) });
    expect((await see(id)).state).toBe('cancelled');
    expect(logged.join()).toContain('could not remove an MP3 yet');
  });
});

test('ends with its first MP3 although the store is away when it ends', async () => {
  const { id } = await submit('/nowhere/talk.mp4');
  const away = new AppError('unavailable', 'The database cannot be reached.');
  let conversions = 0;
  const convert = convertWhile(async () => {
    conversions += 1;
    vi.spyOn(backend.store, 'replace').mockRejectedValueOnce(away).mockRejectedValueOnce(away);
  });
  await handle({ convert });
  expect(await see(id)).toMatchObject({ state: 'done', attempt: 1 });
  expect(conversions).toBe(1);
  expect(await mp3Ids()).toEqual([`${id}-1`]);
});

test('what a killed process left in the folder of an attempt does no harm', async () => {
  const { id } = await submit(await media.make({ container: 'mp4', seconds: 1 }));
  await mkdir(join(workFolder, `${id}-1`));
  await writeFile(join(workFolder, `${id}-1`, 'source'), 'old');
  await writeFile(join(workFolder, `${id}-1`, 'sound.mp3'), 'old');
  await handle();
  expect((await see(id)).state).toBe('done');
});
