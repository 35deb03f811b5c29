import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSound } from '../../backend/tests/media/measure-media.ts';
import type { Row } from '../ipc.ts';
import { rowOf, untilConverting } from './app-window.ts';
import { dropFiles, expect, firstWindow, test } from './fixtures.ts';

declare global {
  interface Window {
    seenRows?: Row[];
  }
}

test('on the first run, a person chooses this computer, and a dropped video becomes an MP3 next to it', async ({
  launch,
  home,
  media,
  ffmpeg,
}) => {
  const video = join(home.videos, 'Lecture 1.mp4');
  await copyFile(await media.make({ container: 'mp4', seconds: 20 }), video);
  await ffmpeg.hold();
  const page = await firstWindow(await launch({ env: ffmpeg.environment }));
  await expect(page.getByRole('radio', { name: /^This computer/ })).toBeChecked();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Drop videos here' })).toBeVisible();
  await page.evaluate(() => {
    const seen: Row[] = [];
    window.seenRows = seen;
    window.soundlift.onChanges((changes) => {
      for (const change of changes) if (change.type === 'rows') seen.push(...change.changed);
    });
  });

  await dropFiles(page.locator('body'), video);
  await untilConverting(page);
  await ffmpeg.release();
  const row = rowOf(page, 'Lecture 1.mp3');
  await expect(row).toContainText('Saved in Videos');
  await expect(row.getByRole('button', { name: 'Play Lecture 1.mp3' })).toBeVisible();
  await expect(page.getByRole('heading', { name: '1 MP3 saved' })).toBeVisible();

  const seen = (await page.evaluate(() => window.seenRows)) ?? [];
  const kinds = seen.map(({ state }) => state.kind);
  // Earlier states are not checked: whether they are seen depends on how busy the computer is.
  const stages = kinds.map((kind) => ['converting', 'saving', 'done'].indexOf(kind));
  expect(stages).toEqual(stages.toSorted((one, other) => one - other));
  expect(kinds).toContain('converting');
  expect(kinds.at(-1)).toBe('done');
  const fractions = seen.map(({ fraction = 0 }) => fraction);
  expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
  expect((await readdir(home.videos)).toSorted()).toEqual(['Lecture 1.mp3', 'Lecture 1.mp4']);
  expect((await decodeSound(join(home.videos, 'Lecture 1.mp3'))).seconds).toBeCloseTo(20, 0);
});

test('dropping a video on the first run’s question chooses this computer', async ({ launch, home, media }) => {
  const video = join(home.videos, 'Sooner.mp4');
  await copyFile(await media.make({ container: 'mp4', seconds: 3 }), video);
  const page = await firstWindow(await launch());
  await expect(page.getByRole('radio', { name: /^This computer/ })).toBeChecked();
  await dropFiles(page.locator('body'), video);
  await expect(rowOf(page, 'Sooner.mp3')).toContainText('Saved in Videos');
  expect(await page.evaluate(async () => (await window.soundlift.state()).backend.kind)).toBe('here');

  // The MP3 is copied as a file, and pasting it into the list converts it.
  await rowOf(page, 'Sooner.mp3').click();
  await page.keyboard.press('ControlOrMeta+C');
  await page.keyboard.press('ControlOrMeta+V');
  await expect(rowOf(page, 'Sooner (1).mp3')).toContainText('Saved in Videos');
});
