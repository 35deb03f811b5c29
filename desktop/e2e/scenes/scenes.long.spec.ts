import { expect } from '@playwright/test';
import { scenes } from './app-scenes.ts';
import { test } from './list-window.ts';
import { cutWords, findings } from './shut-out.ts';

for (const { name, state, answers, prepare } of scenes) {
  test(`${name} is accessible, in light and dark, in a small window and with large text`, async ({ open }) => {
    // During a transition, colours have another contrast.
    const media = { reducedMotion: 'reduce' } as const;
    const { page } = await open(state, { media, ...(answers === undefined ? {} : { answers }) });
    await prepare?.(page);
    expect(await findings(page), 'light').toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await findings(page), 'dark').toEqual([]);
    await page.setViewportSize({ width: 480, height: 420 });
    expect(await cutWords(page), 'in the smallest window').toEqual([]);
    await page.setViewportSize({ width: 920, height: 640 });
    await page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
    expect(await cutWords(page), 'with text of twice the size').toEqual([]);
  });
}
