import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { Taken } from '../conversions/conversion-work.ts';
import { type Convert, convertWhile, owner, setUpTestConverter } from '../tests/converter-for-each-test.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { createConvertHandler } from './handle-convert.ts';
import { createSpaceWaits } from './space-waits.ts';

const stand = setUpTestConverter();
const { handle, submit, see, mp3Ids } = stand;

describe('a conversion for which the system is short of something', () => {
  test('waits, however the error says so', async () => {
    for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']) {
      const short = Object.assign(new Error(`open ${code}`), { code });
      for (const error of [short, new AppError('converter_failed', 'It is damaged.', { cause: short })]) {
        const { id } = await submit('/nowhere/talk.mp4');
        const later = await handle({ convert: () => Promise.reject(error) });
        expect(later).toHaveLength(1);
        expect(await see(id)).toMatchObject({ state: 'queued', attempt: 1 });
        await stand.backend.conversions.owned.remove(owner, id);
      }
    }
  });

  const short = new AppError('damaged', 'It cannot be read.', {
    cause: Object.assign(new Error('open'), { code: 'EMFILE' }),
  });
  const whenFull = { fail: 'There is no space in this folder.' };

  test('is tried again some times if it must not wait for long, and then fails with what is short', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const waits: number[] = [];
    const parts = { ...stand.parts(), whenFull, convert: () => Promise.reject(short) };
    const handler = createConvertHandler(parts, (_, seconds) => void waits.push(seconds));
    const { signal } = new AbortController();
    for (let times = 0; times < 4; times += 1) {
      expect((await see(id)).state).toBe('queued');
      await handler({ signal, mayGoOn: () => true });
      stand.backend.pass(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([5, 10, 20]);
    expect((await see(id)).error).toEqual({
      code: 'converter_failed',
      message:
        'The converter could not be started. The computer has too little memory left, or too many programs or files are open.',
    });
  });

  test('is done once the shortage has passed, even if it must not wait for long', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    await handle({ whenFull, convert: () => Promise.reject(short) });
    stand.backend.pass(5);
    await handle({ whenFull, convert: convertWhile(async () => undefined) });
    expect((await see(id)).state).toBe('done');
  });
});

describe('a conversion with a full disk', () => {
  const convert = () => Promise.reject(new AppError('disk_full', 'The disk is full.'));

  test('waits without using up an attempt, and is retried', async () => {
    const { id } = await submit(await stand.media.make({ container: 'mp4', seconds: 2 }));
    const [delaySeconds = 0] = await handle({ convert });
    expect(delaySeconds).toBeGreaterThan(0);
    expect(await see(id)).toMatchObject({ state: 'queued', attempt: 1 });
    stand.backend.pass(delaySeconds / 2);
    expect(await handle()).toEqual([delaySeconds / 2]);
    stand.backend.pass(delaySeconds / 2);
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
    const waits: number[] = [];
    const handler = createConvertHandler({ ...stand.parts(), convert }, (_, seconds) => void waits.push(seconds));
    for (let times = 0; times < 6; times += 1) {
      await handler({ signal: new AbortController().signal, mayGoOn: () => true });
      stand.backend.pass(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([5, 10, 20, 40, 60, 60]);
    expect(stand.logged).toHaveLength(1);
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
    const convertUntilFull: Convert = async ({ workFolder: folder, signal }) => {
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
    expect([await mp3Ids(), await readdir(stand.workFolder)]).toEqual([[], []]);
  });

  test('frees its folder and its MP3 before its row is written', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    const real = stand.parts().work;
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
          left.push(await mp3Ids(), await readdir(stand.workFolder));
          await taking.release(seconds);
        };
        return { kind: 'work', work: { ...taking, finish: full, release } };
      },
    };
    await handle({ work, convert: convertWhile(async () => undefined) });
    expect(left).toEqual([[], []]);
    expect((await see(id)).state).toBe('queued');
  });

  test('fails if it must not wait', async () => {
    const { id } = await submit('/nowhere/talk.mp4');
    await handle({ convert, whenFull: { fail: 'There is no space in this folder.' } });
    expect((await see(id)).error).toEqual({ code: 'disk_full', message: 'There is no space in this folder.' });
  });
});
