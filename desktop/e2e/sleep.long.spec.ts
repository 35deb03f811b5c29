import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import { putLongVideo, rowOf, rowsOf, windowHere, windowOnServer } from './app-window.ts';
import { dropFiles, expect, sleepFor, test } from './fixtures.ts';

const longEnough = { timeout: 45_000 };
/** Longer than a lease: whoever takes a sleeper for dead has taken over by then. */
const leaseAndMoreSeconds = 20;

test('this computer sleeps while it converts: what it did goes on from there', async ({ launch, home, media }) => {
  const video = await putLongVideo(home, media, 'Asleep.mkv', 3000);
  const app = await launch();
  const page = await windowHere(app);
  await dropFiles(page.locator('body'), video);
  const fractionOf = async (): Promise<number> => {
    const [row] = await rowsOf(page);
    return row?.fraction ?? 0;
  };
  await expect.poll(fractionOf, { timeout: 20_000, intervals: [50] }).toBeGreaterThan(0.05);
  const before = await fractionOf();
  await sleepFor(app, leaseAndMoreSeconds);
  const after = await fractionOf();
  expect(after).toBeGreaterThanOrEqual(before);
  expect(after).toBeLessThan(1);
  await expect(rowOf(page, 'Asleep.mp3')).toContainText('Saved in Videos', longEnough);
  expect((await decodeSound(join(home.videos, 'Asleep.mp3'))).seconds).toBeCloseTo(3000, 0);
  expect(await readdir(home.videos)).toHaveLength(2);
});

test('this computer sleeps while it uploads, and its line is cut: it goes on as soon as it wakes', async ({
  launch,
  home,
  media,
  openServer,
}) => {
  const server = await openServer({ line: { bytesPerSecond: 1_000_000 } });
  const video = await putLongVideo(home, media, 'Carried.mkv', 120);
  const app = await launch();
  const page = await windowOnServer(app, server);
  await dropFiles(page.locator('body'), video);
  const sentBytes = async (): Promise<number> => {
    const [row] = await rowsOf(page);
    return row?.state.kind === 'uploading' ? row.state.sentBytes : 0;
  };
  await expect.poll(sentBytes, { timeout: 20_000, intervals: [50] }).toBeGreaterThan(1_000_000);
  const before = await sentBytes();
  const sleep = sleepFor(app, leaseAndMoreSeconds);
  await delay(1_000);
  server.line.down = true;
  server.line.cut();
  await delay(1_000);
  server.line.down = false;
  await sleep;
  await expect.poll(sentBytes, { timeout: 5_000, intervals: [50] }).toBeGreaterThan(before);
  await expect(rowOf(page, 'Carried.mp3')).toContainText('Saved in Videos', longEnough);
  expect((await decodeSound(join(home.videos, 'Carried.mp3'))).seconds).toBeCloseTo(120, 0);
});
