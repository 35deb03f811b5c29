import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import { rowOf, rowsOf, windowOnServer } from './app-window.ts';
import { dropFiles, expect, test } from './fixtures.ts';

const longEnough = { timeout: 45_000 };

test('on a server: a video is uploaded, waits out a cut line by itself, and its MP3 lands beside it', async ({
  launch,
  home,
  media,
  openServer,
}) => {
  const server = await openServer({ line: { bytesPerSecond: 1_000_000 } });
  const video = join(home.videos, 'Far away.mkv');
  const audio = [{ codec: 'pcm_s16le', channels: 1 as const, sampleRate: 44_100 }];
  // About 5 MB: some seconds over this line.
  await copyFile(await media.make({ container: 'mkv', seconds: 60, picture: false, audio }), video);
  const page = await windowOnServer(await launch(), server);
  await dropFiles(page.locator('body'), video);

  const kinds = async () => (await rowsOf(page)).map(({ state }) => state.kind);
  await expect.poll(kinds, { intervals: [50] }).toEqual(['uploading']);
  await expect
    .poll(async () => (await rowsOf(page)).map(({ state }) => state.kind === 'uploading' && state.sentBytes > 0))
    .toEqual([true]);
  server.line.down = true;
  server.line.cut();
  await expect.poll(kinds, { timeout: 20_000 }).toEqual(['offline_uploading']);
  await expect(rowOf(page, 'Far away')).toContainText('No connection. Continues by itself');
  server.line.down = false;

  await expect(rowOf(page, 'Far away.mp3')).toContainText('Saved in Videos', longEnough);
  expect((await decodeSound(join(home.videos, 'Far away.mp3'))).seconds).toBeCloseTo(60, 0);
});

test('a server that is killed and started again has its rows go on', async ({ launch, home, media, openServer }) => {
  const server = await openServer();
  const video = join(home.videos, 'Restarted.mkv');
  const audio = [{ codec: 'pcm_s16le', channels: 1 as const, sampleRate: 44_100 }];
  await copyFile(await media.make({ container: 'mkv', seconds: 600, picture: false, audio }), video);
  const page = await windowOnServer(await launch(), server);
  await dropFiles(page.locator('body'), video);
  await expect
    .poll(async () => (await rowsOf(page)).map(({ state }) => state.kind), { timeout: 20_000, intervals: [50] })
    .toEqual(['converting']);
  await server.server().kill();
  await expect(rowOf(page, 'Restarted')).toContainText('unseen until the connection is back', { timeout: 20_000 });
  await server.startAgain();
  await expect(rowOf(page, 'Restarted.mp3')).toContainText('Saved in Videos', longEnough);
});
