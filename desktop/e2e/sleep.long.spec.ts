import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import { putLongVideo, rowOf, rowsOf, untilConverting, windowHere, windowOnServer } from './app-window.ts';
import { dropFiles, expect, sleepFor, test } from './fixtures.ts';

/** Longer than a lease, so that another process could take the conversion over. */
const leaseAndMoreSeconds = 20;

test('a conversion continues after this computer has slept', async ({ launch, home, media, ffmpeg }) => {
  const video = await putLongVideo(home, media, 'Asleep.mkv', 20);
  await ffmpeg.hold();
  const app = await launch({ env: ffmpeg.environment });
  const page = await windowHere(app);
  await dropFiles(page.locator('body'), video);
  const fractionOf = async (): Promise<number> => {
    const [row] = await rowsOf(page);
    return row?.fraction ?? 0;
  };
  await untilConverting(page);
  const before = await fractionOf();
  await sleepFor(app, leaseAndMoreSeconds);
  const after = await fractionOf();
  expect(after).toBeGreaterThanOrEqual(before);
  expect(after).toBeLessThan(1);
  await ffmpeg.release();
  await expect(rowOf(page, 'Asleep.mp3')).toContainText('Saved in Videos');
  expect((await decodeSound(join(home.videos, 'Asleep.mp3'))).seconds).toBeCloseTo(20, 0);
  expect(await readdir(home.videos)).toHaveLength(2);
});

test('an upload resumes after this computer has slept and lost its connection', { tag: '@server' }, async ({
  launch,
  home,
  media,
  openServer,
}) => {
  const server = await openServer();
  const video = await putLongVideo(home, media, 'Carried.mkv', 120);
  const app = await launch();
  const page = await windowOnServer(app, server);
  server.line.hold(3_000_000);
  await dropFiles(page.locator('body'), video);
  const sentBytes = async (): Promise<number> => {
    const [row] = await rowsOf(page);
    return row?.state.kind === 'uploading' ? row.state.sentBytes : 0;
  };
  await expect.poll(sentBytes).toBeGreaterThan(1_000_000);
  const sleep = sleepFor(app, leaseAndMoreSeconds);
  await delay(1_000);
  server.line.down = true;
  server.line.cut();
  const before = server.line.sentBytes;
  await delay(1_000);
  server.line.down = false;
  await sleep;
  await expect.poll(() => server.line.sentBytes, { timeout: 20_000 }).toBeGreaterThan(before + 1_000_000);
  server.line.release();
  await expect(rowOf(page, 'Carried.mp3')).toContainText('Saved in Videos');
  expect((await decodeSound(join(home.videos, 'Carried.mp3'))).seconds).toBeCloseTo(120, 0);
});
