import { join } from 'node:path';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import { putLongVideo, rowOf, rowsOf, untilConverting, windowOnServer } from './app-window.ts';
import { dropFiles, expect, test } from './fixtures.ts';

test('on a server, an upload resumes by itself after a lost connection, and the MP3 is saved next to the video', {
  tag: '@server',
}, async ({ launch, home, media, openServer }) => {
  const server = await openServer();
  // About 5 MB.
  const video = await putLongVideo(home, media, 'Far away.mkv', 60);
  const page = await windowOnServer(await launch(), server);
  server.line.hold(1_000_000);
  await dropFiles(page.locator('body'), video);

  const kinds = async () => (await rowsOf(page)).map(({ state }) => state.kind);
  await expect
    .poll(async () => (await rowsOf(page)).map(({ state }) => state.kind === 'uploading' && state.sentBytes > 0))
    .toEqual([true]);
  server.line.down = true;
  server.line.cut();
  server.line.release();
  await expect.poll(kinds).toEqual(['offline_uploading']);
  await expect(rowOf(page, 'Far away')).toContainText('No connection. Will resume on its own');
  server.line.down = false;

  await expect(rowOf(page, 'Far away.mp3')).toContainText('Saved in Videos');
  expect((await decodeSound(join(home.videos, 'Far away.mp3'))).seconds).toBeCloseTo(60, 0);
});

test('the rows of a server resume after it was killed and started again', { tag: '@server' }, async ({
  launch,
  home,
  media,
  ffmpeg,
  openServer,
}) => {
  const server = await openServer({ environment: ffmpeg.environment });
  const video = await putLongVideo(home, media, 'Restarted.mkv', 20);
  await ffmpeg.hold();
  const page = await windowOnServer(await launch(), server);
  await dropFiles(page.locator('body'), video);
  await untilConverting(page);
  await server.kill();
  await expect(rowOf(page, 'Restarted')).toContainText('Progress returns with the connection');
  await server.startAgain();
  await ffmpeg.release();
  await expect(rowOf(page, 'Restarted.mp3')).toContainText('Saved in Videos');
});
