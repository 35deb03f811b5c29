import { expect } from '@playwright/test';
import { sceneOf } from './app-scenes.ts';
import { test } from './list-window.ts';

for (const { opener, dialog } of [
  { opener: /^Notifications/, dialog: 'Notifications' },
  { opener: /^Standard/, dialog: 'Quality for new videos' },
  { opener: 'Choose another track…: Interview, raw.mov', dialog: 'Which audio track?' },
]) {
  test(`“${dialog}” opens and closes by keys, and the focus returns to what opened it`, async ({ open }) => {
    const { page } = await open(sceneOf('working').state);
    const button = page.getByRole('button', { name: opener });
    await button.focus();
    await page.keyboard.press('Enter');
    const over = page.getByRole('dialog', { name: dialog });
    await expect(over).toBeVisible();
    expect(await over.evaluate((element) => element.contains(document.activeElement))).toBe(true);
    await page.keyboard.press('Escape');
    await expect(over).toHaveCount(0);
    await expect(button).toBeFocused();
  });
}
