import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ElectronApplication } from '@playwright/test';
import { putLongVideo, untilConverting, windowHere } from './app-window.ts';
import type { DesktopRecord } from './desktop-record.ts';
import { clickMenu, clickNotification, dropFiles, expect, recorded, test } from './fixtures.ts';
import { root } from './launch-app.ts';

const trayFolder = join(process.env['SOUNDLIFT_E2E_APP'] ?? root, 'dist', 'tray');

/** The names of the image files that are equal to the tray's current image. */
async function trayImages(app: ElectronApplication): Promise<readonly string[]> {
  const files = (await readdir(trayFolder)).filter((name) => /(black|white|Template)\.png$/.test(name));
  return await app.evaluate(
    ({ nativeImage }, { folder, names }) => {
      const [tray] = [...globalThis.recorded.trays.values()];
      if (tray?.image === undefined || typeof tray.image === 'string') return [];
      const now = tray.image.toDataURL();
      return names.filter((name) => nativeImage.createFromPath(`${folder}/${name}`).toDataURL() === now);
    },
    { folder: trayFolder, names: files },
  );
}

const labels = ({ trays }: DesktopRecord): readonly string[] => trays[0]?.items.map(({ label }) => label) ?? [];

test('the tray and the taskbar show progress, and then the outcome until the window is opened', async ({
  launch,
  home,
  media,
  ffmpeg,
}) => {
  const video = await putLongVideo(home, media, 'Long & loud.mkv', 20);
  await ffmpeg.hold();
  const app = await launch({ env: ffmpeg.environment });
  const page = await windowHere(app);
  expect((await recorded(app)).trays[0]?.toolTip).toBe('Soundlift');
  await dropFiles(page.locator('body'), video);
  await untilConverting(page);
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide());
  await expect.poll(async () => (await trayImages(app)).join()).toMatch(/working-\d\d/);
  const working = await recorded(app);
  expect(working.trays[0]?.toolTip).toMatch(/^0 of 1 done/);
  expect(labels(working)[0]).toBe(working.trays[0]?.toolTip);
  expect(labels(working)).toEqual(expect.arrayContaining(['Open Soundlift', 'Pause all', 'Choose videos…', 'Quit']));
  await expect.poll(async () => (await recorded(app)).progress.at(-1)?.fraction ?? 0).toBeGreaterThan(0);
  expect((await recorded(app)).progress.at(-1)?.mode).toBe('normal');

  await ffmpeg.release();
  await expect.poll(async () => (await recorded(app)).notifications).toHaveLength(1);
  const saved = join(home.videos, 'Long & loud.mp3');
  await clickNotification(app, 0);
  await expect.poll(async () => (await recorded(app)).shown).toEqual([saved]);
  await expect.poll(async () => (await trayImages(app)).join()).toMatch(/done/);
  expect(labels(await recorded(app)).slice(0, 2)).toEqual(['1 MP3 saved', 'Long && loud.mp3']);
  await expect.poll(async () => (await recorded(app)).progress.at(-1)?.fraction).toBe(-1);
  const fractions = (await recorded(app)).progress.map(({ fraction }) => fraction);
  expect(Math.max(...fractions)).toBeGreaterThan(0);
  expect(Math.max(...fractions)).toBeLessThanOrEqual(1);

  await clickMenu(app, 'tray', 'Long && loud.mp3');
  await expect.poll(async () => (await recorded(app)).shown).toEqual([saved, saved]);
  await clickMenu(app, 'tray', 'Open Soundlift');
  await expect.poll(async () => (await trayImages(app)).join()).toMatch(/idle/);
});
