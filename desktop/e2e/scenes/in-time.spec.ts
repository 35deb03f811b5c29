import { expect } from '@playwright/test';
import { sceneOf } from './app-scenes.ts';
import { stopClock, test } from './list-window.ts';

test('a toast disappears after eight seconds', async ({ open }) => {
  const { page, tell, asked } = await open(sceneOf('empty').state);
  await stopClock(page);
  await tell({ type: 'toasts', toasts: sceneOf('toast').state.toasts });
  // The page draws it with its next frame.
  await page.clock.runFor(100);
  await expect(page.getByText('Removed from the list. The MP3 stays.')).toBeVisible();
  const dismissed = async () => (await asked()).filter(([name]) => name === 'dismissToast').length;
  await page.clock.runFor(7_800);
  expect(await dismissed()).toBe(0);
  await page.clock.runFor(300);
  expect(await dismissed()).toBe(1);
});

test('after too many attempts, the button is enabled again when the time is over', async ({ open }) => {
  const { state, answers = {}, prepare } = sceneOf('welcome-too-many');
  const { page } = await open(state, { answers });
  await page.clock.install();
  await prepare?.(page);
  const again = page.getByRole('button', { name: 'Sign in' });
  await expect(again).toBeDisabled();
  await page.clock.runFor(240_000);
  await expect(page.getByRole('alert')).toHaveText('Too many attempts. Try again in 1 minute.');
  await expect(again).toBeDisabled();
  await page.clock.runFor(61_000);
  await expect(again).toBeEnabled();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('after too many attempts, a new password can be asked for at once', async ({ open }) => {
  const { state, answers = {}, prepare } = sceneOf('welcome-too-many');
  const { page } = await open(state, { answers });
  await prepare?.(page);
  await page.getByRole('button', { name: 'Forgot password?' }).click();
  await expect(page.getByRole('button', { name: 'Send code' })).toBeEnabled();
});
