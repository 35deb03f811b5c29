import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { createMemoryJobQueue } from '../adapters/embedded/memory-job-queue.ts';
import type { Taken } from '../conversions/conversion-work.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import { type Convert, convertWhile, idsIn, owner, setUpTestConverter } from '../tests/converter-for-each-test.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { type HandleConvertParts, startConverter } from './handle-convert.ts';

const stand = setUpTestConverter();
const { handle, submit, see, mp3Ids } = stand;

test('a conversion whose end cannot be written does not keep the others waiting', async () => {
  const [{ id: bad }, { id: good }] = [await submit('/nowhere'), await submit('/nowhere')];
  const { work } = stand.parts();
  const take = async (): Promise<Taken> => {
    const taken = await work.take();
    if (taken.kind !== 'work' || taken.work.row.id !== bad) return taken;
    const refuse = () => Promise.reject(new AppError('unavailable', 'The store cannot be reached.'));
    return { kind: 'work', work: { ...taken.work, finish: refuse, fail: refuse, release: refuse } };
  };
  await handle({ work: { take }, convert: convertWhile(async () => undefined) });
  expect((await see(good)).state).toBe('done');
  expect((await see(bad)).state).toBe('converting');
  expect(stand.backend.skippedItems).toEqual([`conversion ${bad}`]);
});

describe('a conversion', () => {
  test('of a file on this computer becomes an MP3', async () => {
    const { id } = await submit(await stand.media.make({ container: 'mp4', seconds: 2 }));
    await handle();
    const done = await see(id);
    expect(done).toMatchObject({ state: 'done', attempt: 1, progress: 1, warnings: [] });
    expect(done.tracks).toEqual([{ index: 0, codec: 'aac', channels: 2 }]);
    expect(done.result).toMatchObject({ fileName: 'talk.mp3', durationSeconds: expect.closeTo(2, 1) });
    const { path } = await stand.backend.conversions.owned.resultFile(owner, id);
    expect(await readFile(path)).toHaveLength(done.result?.bytes ?? 0);
    expect(stand.backend.mp3Queue.take()).toEqual([id]);
  });

  test('of an uploaded video becomes an MP3, and the video is removed', async () => {
    const bytes = await readFile(await stand.media.make({ container: 'mkv', seconds: 2 }));
    const intake = { fileName: 'talk.mkv', options: { format: 'mp3' } } as const;
    const source = (async function* () {
      yield bytes;
    })();
    const upload = await stand.backend.conversions.owned.receive(owner, intake, source);
    const { id } = await upload.accept();
    await handle();
    expect((await see(id)).state).toBe('done');
    expect(await idsIn(stand.backend.videos)).toEqual([]);
  });

  test.each([
    ['x'.repeat(255), `${'x'.repeat(251)}.mp3`],
    [`${'é'.repeat(126)}.mp`, `${'é'.repeat(125)}.mp3`],
    [`${'x'.repeat(251)}.mp4`, `${'x'.repeat(251)}.mp3`],
  ])('of %s becomes an MP3 whose name has at most 255 bytes', async (fileName, mp3Name) => {
    const intake = { fileName, options: { format: 'mp3' }, path: '/nowhere', bytes: 1 } as const;
    const { id } = await stand.backend.conversions.owned.submitFile(owner, intake);
    await handle({ convert: convertWhile(async () => undefined) });
    const { result } = await see(id);
    expect(result?.fileName).toBe(mp3Name);
    expect(Buffer.byteLength(mp3Name)).toBeLessThanOrEqual(255);
  });

  test('reports its progress', async () => {
    const { id } = await submit(await stand.media.make({ container: 'wav', seconds: 60 }));
    await handle();
    const progress = stand.backend.told.filter((event) => event.type === 'progress');
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
      ids.push((await stand.backend.conversions.owned.submitFile(each, intake)).id);
    }
    const running: number[] = [];
    await handle({
      convert: convertWhile(async () => {
        const rows = await Promise.all(ids.map(async (id) => await stand.backend.store.get(id)));
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

  function start(convert: Convert): Started {
    const queue = createMemoryJobQueue((error) => {
      throw error;
    });
    return { queue, parts: { ...stand.parts(), convert } };
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
    stand.backend.pass(4.9);
    await queue.publish({ conversionId: id });
    await waitUntil('it has looked again', () => looks.length > 2);
    expect(looks.slice(0, 3)).toEqual(['work', 'later', 'later']);
    stand.backend.pass(0.1);
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

test('ends with its first MP3 although the store is away when it ends', async () => {
  const { id } = await submit('/nowhere/talk.mp4');
  const away = new AppError('unavailable', 'The database cannot be reached.');
  let conversions = 0;
  const convert = convertWhile(async () => {
    conversions += 1;
    vi.spyOn(stand.backend.store, 'replace').mockRejectedValueOnce(away).mockRejectedValueOnce(away);
  });
  await handle({ convert });
  expect(await see(id)).toMatchObject({ state: 'done', attempt: 1 });
  expect(conversions).toBe(1);
  expect(await mp3Ids()).toEqual([`${id}-1`]);
});

test('what a killed process left in the folder of an attempt does no harm', async () => {
  const { id } = await submit(await stand.media.make({ container: 'mp4', seconds: 1 }));
  await mkdir(join(stand.workFolder, `${id}-1`));
  await writeFile(join(stand.workFolder, `${id}-1`, 'source'), 'old');
  await writeFile(join(stand.workFolder, `${id}-1`, 'sound.mp3'), 'old');
  await handle();
  expect((await see(id)).state).toBe('done');
});
