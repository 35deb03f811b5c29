import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import { isVisible, putLongVideo, rowOf, rowsInApp, rowsOf, untilConverting, windowHere } from './app-window.ts';
import {
  answerDialog,
  clickMenu,
  clickNotification,
  dropFiles,
  exitOf,
  expect,
  killHard,
  killProcesses,
  recorded,
  startBeside,
  test,
} from './fixtures.ts';

test('conversions continue in the tray after the window is closed, and a notification opens it again', async ({
  launch,
  home,
  media,
  ffmpeg,
}) => {
  const video = await putLongVideo(home, media, 'Long talk.mkv', 20);
  await ffmpeg.hold();
  const app = await launch({ env: ffmpeg.environment });
  const page = await windowHere(app);
  await dropFiles(page.locator('body'), video);
  await untilConverting(page);
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  expect(await isVisible(app)).toBe(false);
  await expect.poll(async () => (await recorded(app)).trays[0]?.items[0]?.label).toMatch(/^0 of 1 done/);
  expect((await recorded(app)).notifications).toEqual([]);

  await ffmpeg.release();
  await expect.poll(async () => (await recorded(app)).notifications).toHaveLength(1);
  const { notifications } = await recorded(app);
  expect(notifications[0]?.title).toBe('Long talk.mp3 is ready');
  expect(notifications[0]?.body).toContain('saved in Videos');
  await clickNotification(app);
  await expect.poll(async () => (await recorded(app)).shown).toEqual([join(home.videos, 'Long talk.mp3')]);

  await clickMenu(app, 'tray', 'Open Soundlift');
  await expect.poll(() => isVisible(app)).toBe(true);
});

test('a second start shows the window and adds the files that it was given', async ({ launch, home, media }) => {
  const video = await putLongVideo(home, media, 'Second.mkv', 20);
  const app = await launch();
  const page = await windowHere(app);
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  expect(await isVisible(app)).toBe(false);
  expect(await startBeside(home, [video])).toBe(0);
  await expect.poll(() => isVisible(app)).toBe(true);
  const [window] = app.windows().slice(-1);
  await expect(rowOf(window ?? page, 'Second.mp3')).toContainText('Saved in Videos');
});

test('a conversion resumes at the next start after the app was killed', async ({ launch, home, media, ffmpeg }) => {
  const video = await putLongVideo(home, media, 'Killed.mkv', 20);
  await ffmpeg.hold();
  const app = await launch({ env: ffmpeg.environment });
  const page = await windowHere(app);
  await dropFiles(page.locator('body'), video);
  await untilConverting(page);
  const [before] = await rowsOf(page);
  await killHard(app);

  const again = await windowHere(await launch({ env: ffmpeg.environment }));
  await expect(rowOf(again, 'Killed')).toBeVisible();
  const [after] = await rowsOf(again);
  expect(after).toMatchObject({ id: before?.id, sourceName: 'Killed.mkv' });
  await ffmpeg.release();
  await expect(rowOf(again, 'Killed.mp3')).toContainText('Saved in Videos');
  expect((await decodeSound(join(home.videos, 'Killed.mp3'))).seconds).toBeCloseTo(20, 0);
});

test('a conversion resumes by itself after the backend was killed', async ({ launch, home, media, ffmpeg }) => {
  const video = await putLongVideo(home, media, 'Backend.mkv', 20);
  await ffmpeg.hold();
  const app = await launch({ env: ffmpeg.environment });
  const page = await windowHere(app);
  await dropFiles(page.locator('body'), video);
  await untilConverting(page);
  await killProcesses(app, 'Utility');
  await ffmpeg.release();
  await expect(rowOf(page, 'Backend.mp3')).toContainText('Saved in Videos');
});

test('a page that is killed is reloaded with its rows', async ({ launch, home, media }) => {
  const video = await putLongVideo(home, media, 'Page.mkv', 20);
  const app = await launch();
  const page = await windowHere(app);
  await dropFiles(page.locator('body'), video);
  await expect(rowOf(page, 'Page.mp3')).toContainText('Saved in Videos');
  const before = await rowsOf(page);
  await killProcesses(app, 'Tab');
  await expect
    .poll(async () => (await rowsInApp(app).catch(() => [])).map(({ id }) => id))
    .toEqual(before.map(({ id }) => id));
});

test('quitting with unfinished videos asks first, and they resume at the next start', async ({
  launch,
  home,
  media,
  ffmpeg,
}) => {
  const video = await putLongVideo(home, media, 'Quit.mkv', 20);
  await ffmpeg.hold();
  const app = await launch({ env: ffmpeg.environment });
  const page = await windowHere(app);
  await dropFiles(page.locator('body'), video);
  await untilConverting(page);
  await clickMenu(app, 'application', 'Quit Soundlift');
  await expect
    .poll(async () => (await recorded(app)).dialogs.map(({ options }) => options.message))
    .toEqual(['Quit with 1 video unfinished?']);
  const [asked] = (await recorded(app)).dialogs;
  const quit = asked?.options.buttons?.indexOf('Quit') ?? -1;
  expect(asked?.options.cancelId).not.toBe(quit);
  await answerDialog(app, { response: quit, checkboxChecked: false });
  await clickMenu(app, 'application', 'Quit Soundlift');
  expect(await exitOf(app)).toBe(0);
  await expect(access(join(home.videos, 'Quit.mp3'))).rejects.toThrow('ENOENT');

  await ffmpeg.release();
  const again = await windowHere(await launch({ env: ffmpeg.environment }));
  await expect(rowOf(again, 'Quit.mp3')).toContainText('Saved in Videos');
});
