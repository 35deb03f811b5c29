import { execFile } from 'node:child_process';
import { copyFile, mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import { rowOf, windowHere } from './app-window.ts';
import { answerDialog, clickMenu, dropFiles, expect, recorded, test } from './fixtures.ts';

const run = promisify(execFile);
test('a video without sound, a file that is not a video and a video that breaks off each show a sentence and a button', async ({
  launch,
  home,
  media,
}) => {
  const video = (name: string): string => join(home.videos, name);
  await copyFile(await media.makeBroken('text'), video('Minutes.mp4'));
  await copyFile(await media.makeBroken('no-audio-track'), video('Silent.mp4'));
  await copyFile(await media.make({ container: 'mp4-index-first', seconds: 20, cutAt: 0.5 }), video('Cut.mp4'));
  const app = await launch();
  const page = await windowHere(app);
  await dropFiles(page.locator('body'), video('Minutes.mp4'), video('Silent.mp4'), video('Cut.mp4'));

  const [text, silent, cut] = [rowOf(page, 'Minutes.mp4'), rowOf(page, 'Silent.mp4'), rowOf(page, 'Cut.mp3')];
  await expect(cut).toContainText(/Saved in Videos\. The video breaks off at 0:\d\d of 0:20\./);
  await expect(text).toContainText("This isn't a video or audio file.");
  await expect(silent).toContainText('This video has no sound.');
  await expect(page.getByRole('heading', { name: '1 MP3 saved' })).toBeVisible();
  await expect(page.getByRole('button', { name: '2 failed' })).toBeVisible();
  await expect(page.getByRole('button', { name: /^Notifications, \d unread$/ })).toBeVisible();

  await silent.getByRole('button', { name: 'Show video: Silent.mp4' }).click();
  await expect.poll(async () => (await recorded(app)).shown).toEqual([video('Silent.mp4')]);
  await expect(cut.getByRole('button', { name: 'Play Cut.mp3' })).toBeVisible();
  await cut.getByRole('button', { name: 'Show in folder: Cut.mp3' }).click();
  await expect.poll(async () => (await recorded(app)).shown).toEqual([video('Silent.mp4'), video('Cut.mp3')]);

  await expect(text.getByRole('button')).toHaveCount(1);
  await text.getByRole('button', { name: 'Remove Minutes.mp4 from list' }).click();
  await expect(text).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(text).toContainText("This isn't a video or audio file.");
});

test('another track is chosen in the sheet and becomes a second MP3', async ({ launch, home, media }) => {
  const audio = [
    { hertz: 440, language: 'eng' },
    { hertz: 880, language: 'fra' },
  ];
  const video = join(home.videos, 'Interview.mp4');
  await copyFile(await media.make({ container: 'mp4', seconds: 3, audio }), video);
  const app = await launch();
  const page = await windowHere(app);
  await dropFiles(page.locator('body'), video);
  const row = rowOf(page, 'Interview');
  await expect(row).toContainText('Saved in Videos');

  await row.click({ button: 'right' });
  await expect.poll(async () => (await recorded(app)).menus.length).toBe(1);
  await clickMenu(app, 'popup', 'Choose another track…');
  const sheet = page.getByRole('dialog', { name: 'Which audio track?' });
  await expect(sheet.getByRole('radio', { name: /^Track 2, French/ })).toBeChecked();
  await sheet.getByRole('button', { name: 'Convert' }).click();
  await expect(sheet).toHaveCount(0);
  await expect(rowOf(page, 'Interview (1).mp3')).toContainText('Saved in Videos, track 2');
  const sounds = await Promise.all(
    ['Interview.mp3', 'Interview (1).mp3'].map((name) => decodeSound(join(home.videos, name))),
  );
  expect(sounds.map(({ hertz }) => Math.round(hertz / 10) * 10)).toEqual([440, 880]);
});

test('a video whose first track is empty offers to choose another one', async ({ launch, home, media }) => {
  const video = join(home.videos, 'Half.mkv');
  const whole = await media.make({ container: 'mkv', seconds: 3, audio: [{ hertz: 440 }, { hertz: 880 }] });
  const emptied = ['-map', '0', '-c:v', 'copy', '-c:a', 'libopus', '-filter:a:0', 'atrim=end_sample=0'];
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-i', whole, ...emptied, video]);
  const page = await windowHere(await launch());
  await dropFiles(page.locator('body'), video);
  const row = rowOf(page, 'Half');
  await expect(row).toContainText('Its audio track is empty. The video has a second one.');
  await row.getByRole('button', { name: 'Choose another track…: Half.mkv' }).click();
  const sheet = page.getByRole('dialog', { name: 'Which audio track?' });
  await expect(sheet.getByRole('radio', { name: /^Track 1.*Already tried\.$/ })).toBeDisabled();
  await expect(sheet.getByRole('radio', { name: /^Track 2/ })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(row).toContainText('Saved in Videos, track 2');
  // Some of the silence around the tone is measured too, so the value is lower than the tone's.
  expect((await decodeSound(join(home.videos, 'Half.mp3'))).hertz).toBeGreaterThan(800);
});

test('if the output folder is missing, the MP3 is kept until another folder is chosen', async ({
  launch,
  home,
  media,
}) => {
  const video = join(home.videos, 'Tour.mp4');
  await copyFile(await media.make({ container: 'mp4', seconds: 3 }), video);
  const sounds = join(home.music, 'Sounds');
  await mkdir(sounds);
  const app = await launch();
  const page = await windowHere(app);
  await page.getByRole('button', { name: 'Next to each video, where MP3s are saved' }).click();
  await expect.poll(async () => (await recorded(app)).menus.length).toBe(1);
  await answerDialog(app, { canceled: false, filePaths: [sounds] });
  await clickMenu(app, 'popup', 'Choose folder…');
  await expect(page.getByRole('button', { name: 'Music › Sounds, where MP3s are saved' })).toBeVisible();
  await rmdir(sounds);

  await dropFiles(page.locator('body'), video);
  const row = rowOf(page, 'Tour');
  await expect(row).toContainText('The folder is missing. The MP3 is kept until you choose another folder.');
  await answerDialog(app, { canceled: false, filePaths: [home.music] });
  await row.getByRole('button', { name: 'Save as…: Tour.mp3' }).click();
  await expect(row).toContainText('Saved in Music');
  expect((await decodeSound(join(home.music, 'Tour.mp3'))).seconds).toBeCloseTo(3, 0);
});
