import { link, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';
import type { Row } from '../../ipc.ts';
import { openListStand } from '../../tests/list-stand.ts';

const files = 5000;

it('5,000 videos are added in one change, in their order, and changes to them stay cheap', {
  timeout: 120_000,
}, async () => {
  await using stand = await openListStand({ settings: { paused: true } });
  const { list } = stand;
  const folder = join(stand.videos, 'many');
  await mkdir(folder);
  await writeFile(join(folder, '0.mp4'), 'no video');
  for (let index = 1; index < files; index += 1) await link(join(folder, '0.mp4'), join(folder, `${index}.mp4`));
  const changes: (readonly Row[])[] = [];
  list.follow((change) => {
    if (change.type === 'rows') changes.push(change.changed);
  });

  global.gc?.();
  const memoryBefore = process.memoryUsage().heapUsed;
  const addSeconds = await measure(async () => await list.add([folder]));
  global.gc?.();
  const memory = process.memoryUsage().heapUsed - memoryBefore;
  expect(changes.map(({ length }) => length)).toEqual([files]);
  expect(list.rows().map(({ sourceName }) => sourceName)).toEqual(
    Array.from({ length: files }, (_, index) => `${index}.mp4`),
  );

  // The first call draws all rows again, and the others write all of them again.
  const last = list.rows().at(-1)?.id ?? '';
  const continueSeconds = await measure(async () => {
    list.continueRow(last);
    await waitUntil('it has failed', () => list.rows().at(-1)?.state.kind === 'failed');
  });
  const { size } = await stat(join(stand.dataFolder, 'list.sqlite'));
  const allSeconds = await measure(async () => {
    list.pauseAll();
    await waitUntil('all are held', () => list.summary().mode === 'paused');
    list.continueAll();
    await waitUntil('they go on', () => list.rows()[5]?.state.kind === 'failed');
  });
  const figures = { addSeconds, continueSeconds, allSeconds, megabytes: memory / 1e6, databaseBytes: size };
  console.log(figures);
  // Many times the usual. A quadratic algorithm would take even longer.
  expect(addSeconds).toBeLessThan(20);
  expect(continueSeconds).toBeLessThan(10);
  expect(allSeconds).toBeLessThan(20);
});

/** The seconds of CPU that this process uses for it, whatever else the computer does meanwhile. */
async function measure(work: () => Promise<void>): Promise<number> {
  const begun = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1e6;
}
