import { access, copyFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ElectronApplication, Page } from '@playwright/test';
import { putLongVideo, rowOf, windowHere } from './app-window.ts';
import { answerDialog, clickMenu, dropFiles, exitOf, expect, firstWindow, test } from './fixtures.ts';

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

async function quit(app: ElectronApplication): Promise<void> {
  await clickMenu(app, 'application', 'Quit Soundlift');
  expect(await exitOf(app)).toBe(0);
}

const isDark = (page: Page): Promise<boolean> =>
  page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);

test('settings survive a restart, and a settings file that cannot be read is set aside with a notification', async ({
  launch,
  home,
}) => {
  const app = await launch();
  const page = await windowHere(app);
  await press(page, 'Settings');
  await page.getByLabel('Appearance').selectOption('Light');
  await expect.poll(() => isDark(page)).toBe(false);
  await page.getByLabel('Appearance').selectOption('Dark');
  await expect.poll(() => isDark(page)).toBe(true);
  await answerDialog(app, { canceled: false, filePaths: [home.music] });
  await page.getByLabel('Save MP3s').selectOption('In one folder…');
  await expect(page.getByLabel('Save MP3s').locator('option:checked')).toHaveText('In Music');
  await page.getByLabel('Quality').selectOption({ index: 0 });
  const notify = page.getByRole('switch', { name: /^System notification/ });
  await notify.click();
  await expect(notify).not.toBeChecked();
  await press(page, 'Back');
  await expect(page.getByText('Each one becomes an MP3 in Music.')).toBeVisible();
  await quit(app);

  const second = await launch();
  const kept = await firstWindow(second);
  await expect.poll(() => isDark(kept)).toBe(true);
  await expect(kept.getByRole('button', { name: 'Voice, quality for new videos' })).toBeVisible();
  await expect(kept.getByRole('button', { name: 'Music, where MP3s are saved' })).toBeVisible();
  await press(kept, 'Settings');
  await expect(kept.getByRole('switch', { name: /^System notification/ })).not.toBeChecked();
  await quit(second);

  const file = join(home.userData, 'settings.json');
  await writeFile(file, '{ "theme": "dark", ');
  const fresh = await windowHere(await launch());
  await press(fresh, 'Notifications, 1 unread');
  await expect(fresh.getByRole('dialog', { name: 'Notifications' })).toContainText('Your settings could not be read');
  await access(`${file}.broken`);
  await expect(fresh.getByRole('button', { name: 'Standard, quality for new videos' })).toBeVisible();
});

test('an MP3 is played in its row, by mouse and by keys', async ({ launch, home, media }) => {
  const video = await putLongVideo(home, media, 'Song.mkv', 60);
  const page = await windowHere(await launch());
  await dropFiles(page.locator('body'), video);
  const row = rowOf(page, 'Song.mp3');
  await expect(row).toContainText('Saved in Videos');
  await expect(row.getByRole('img', { name: 'Waveform of Song.mp3' })).toBeVisible();

  await row.getByRole('button', { name: 'Play Song.mp3' }).click();
  const slider = row.getByRole('slider', { name: 'Position in Song.mp3' });
  const position = async () => Number(await slider.getAttribute('aria-valuenow'));
  await expect.poll(position).toBeGreaterThan(0);
  await row.focus();
  await page.keyboard.press('Space');
  await expect(row.getByRole('button', { name: 'Play Song.mp3' })).toBeVisible();
  const paused = await position();
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(position).toBe(paused + 5);
  const box = await slider.boundingBox();
  if (box === null) throw new Error('the slider is not drawn');
  await page.mouse.click(box.x + box.width * 0.75, box.y + box.height / 2);
  await expect(slider).toHaveAttribute('aria-valuenow', /^4[456]$/);
  await expect(slider).toHaveAttribute('aria-valuetext', /^4[456] seconds of 1 minute$/);
});

test('the history can be searched and cleared, shows missing MP3s, and converts them again', async ({
  launch,
  home,
  media,
}) => {
  const names = ['Lecture.mp4', 'Kitchen.mp4', 'Concert.mp4'];
  const made = await media.make({ container: 'mp4', seconds: 3 });
  for (const name of names) await copyFile(made, join(home.videos, name));
  const page = await windowHere(await launch());
  await dropFiles(page.locator('body'), ...names.map((name) => join(home.videos, name)));
  await expect(page.getByRole('heading', { name: '3 MP3s saved' })).toBeVisible();
  await press(page, 'Clear');
  await expect(page.getByRole('heading', { name: 'Drop videos here' })).toBeVisible();

  await rm(join(home.videos, 'Kitchen.mp3'));
  await press(page, 'History');
  await expect(page.getByRole('heading', { name: '3 MP3s' })).toBeVisible();
  await page.keyboard.press('Control+f');
  const search = page.getByRole('searchbox', { name: 'Search history' });
  await expect(search).toBeFocused();
  await page.keyboard.type('lect');
  await expect(rowOf(page, 'Lecture.mp3')).toBeVisible();
  await expect(rowOf(page, 'Concert.mp3')).toHaveCount(0);
  await search.fill('nowhere');
  await expect(page.getByRole('heading', { name: 'No results for “nowhere”' })).toBeVisible();
  await press(page, 'Show all 3');
  await expect(page.getByRole('row')).toHaveCount(3);

  const gone = rowOf(page, 'Kitchen.mp3');
  await expect(gone).toContainText('No longer in Videos');
  await gone.getByRole('button', { name: 'Convert again: Kitchen.mp3' }).click();
  await press(page, 'Now');
  await expect(rowOf(page, 'Kitchen.mp3')).toContainText('Saved in Videos');
  expect((await readdir(home.videos)).filter((name) => name.endsWith('.mp3')).toSorted()).toEqual([
    'Concert.mp3',
    'Kitchen.mp3',
    'Lecture.mp3',
  ]);

  await press(page, 'History');
  await press(page, 'Clear history…');
  const sheet = page.getByRole('alertdialog', { name: 'Clear the history?' });
  await expect(sheet).toContainText('The files stay where they are.');
  await expect(sheet.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await sheet.getByRole('button', { name: 'Clear history' }).click();
  await expect(page.getByRole('heading', { name: 'Nothing yet' })).toBeVisible();
  await access(join(home.videos, 'Lecture.mp3'));
});
