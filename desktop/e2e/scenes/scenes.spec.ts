import { expect } from '@playwright/test';
import { sceneOf } from './app-scenes.ts';
import { test } from './list-window.ts';
import { cutWords, findings } from './shut-out.ts';

/** One screen of each kind. scenes.long.spec.ts tests all, in light and dark, and with large text. */
const looks = {
  empty: 'light',
  'every-state': 'dark',
  quality: 'light',
  notices: 'dark',
  track: 'light',
  history: 'dark',
  settings: 'light',
  'welcome-server': 'dark',
  'welcome-certificate-sheet': 'light',
} as const;

for (const [wanted, theme] of Object.entries(looks)) {
  test(`${wanted} is accessible, ${theme} and in a small window`, async ({ open }) => {
    const { state, answers = {}, prepare } = sceneOf(wanted);
    // During a transition, colours have another contrast.
    const { page } = await open(state, { theme, answers, media: { reducedMotion: 'reduce' } });
    await prepare?.(page);
    expect(await findings(page)).toEqual([]);
    await page.setViewportSize({ width: 480, height: 420 });
    expect(await cutWords(page), 'in the smallest window').toEqual([]);
  });
}

for (const [wanted, textPercent, button] of [
  ['welcome', 200, 'Start'],
  ['welcome-reset', 107.7, 'Set password'],
] as const) {
  test(`${wanted} fits a window of the default size with text of ${textPercent} %`, async ({ open }) => {
    const { state, answers = {}, prepare } = sceneOf(wanted);
    const { page } = await open(state, { answers, textPercent });
    await prepare?.(page);
    await expect(page.getByRole('button', { name: button })).toBeInViewport({ ratio: 1 });
    const hidden = await page.locator('.choices').evaluate((all) => all.getBoundingClientRect().bottom - innerHeight);
    expect(hidden).toBeLessThan(0);
  });
}
