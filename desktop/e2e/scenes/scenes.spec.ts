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
