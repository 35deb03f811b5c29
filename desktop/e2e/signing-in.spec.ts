import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { startMailServer } from '../../backend/tests/running/mail-server.ts';
import { rowOf, rowsOf } from './app-window.ts';
import { clickMenu, clickNotification, dropFiles, exitOf, expect, firstWindow, recorded, test } from './fixtures.ts';

interface SignIn {
  readonly address?: string;
  readonly email?: string;
  readonly password: string;
}

/** Fills in the given fields. */
async function fillIn(page: Page, { address, email, password }: SignIn): Promise<void> {
  if (address !== undefined) await page.getByLabel('Address', { exact: true }).fill(address);
  if (email !== undefined) await page.getByLabel('E-mail', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
}

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

test('a problem with signing in is shown at the field that it is about, and an account can be created', {
  tag: '@server',
}, async ({ launch, openServer }) => {
  const { line, account } = await openServer();
  const { host } = new URL(line.url);
  const page = await firstWindow(await launch());
  await page.getByRole('radio', { name: /^A server/ }).check();
  const problem = page.getByRole('alert');

  line.down = true;
  await fillIn(page, { address: line.url, email: account.email, password: 'not the one that it is' });
  await page.keyboard.press('Enter');
  await expect(problem).toHaveText(`${host} isn't responding. Check the address and your connection.`);
  await expect(page.getByLabel('Address')).toBeFocused();
  line.down = false;
  await press(page, 'Try again');
  await expect(problem).toHaveText('Wrong e-mail or password.');
  await expect(page.getByLabel('Password', { exact: true })).toBeFocused();

  await press(page, 'Create an account instead');
  await press(page, 'Create account');
  await expect(problem).toHaveText('There is already an account with this e-mail.');
  await fillIn(page, { email: 'somebody.new@example.com', password: 'short' });
  await press(page, 'Create account');
  await expect(problem).toHaveText('A password needs at least 8 characters.');
  await fillIn(page, { password: 'a sentence is good' });
  await press(page, 'Create account');
  await expect(page.getByRole('heading', { name: 'Drop videos here' })).toBeVisible();
  await expect(page.getByText(host)).toBeVisible();

  await press(page, 'Settings');
  await expect(page.getByText('Signed in as somebody.new@example.com')).toBeVisible();
  // Two more accounts on the same server, one after the other.
  await press(page, 'Change…');
  await press(page, 'Create an account instead');
  await fillIn(page, { email: 'newer.still@example.com', password: 'a sentence is good' });
  await press(page, 'Create account');
  await expect(page.getByRole('heading', { name: 'Drop videos here' })).toBeVisible();
  await press(page, 'Settings');
  await expect(page.getByText('Signed in as newer.still@example.com')).toBeVisible();
  await press(page, 'Change…');
  await fillIn(page, { email: account.email, password: account.password });
  await press(page, 'Sign in');
  await press(page, 'Settings');
  await expect(page.getByText(`Signed in as ${account.email}`)).toBeVisible();
});

test('a new account is confirmed with the code from the mail', { tag: '@server' }, async ({ launch, openServer }) => {
  await using mail = await startMailServer();
  const environment = { SMTP_URL: mail.url, MAIL_FROM: 'Soundlift <no-reply@sound.example.org>' };
  const { line } = await openServer({ environment });
  const page = await firstWindow(await launch());
  await page.getByRole('radio', { name: /^A server/ }).check();
  await press(page, 'Create an account instead');
  const email = 'somebody.new@example.com';
  await fillIn(page, { address: line.url, email, password: 'a sentence is good' });
  await press(page, 'Create account');
  await expect(page.getByText(`We e-mailed a code to ${email}.`)).toBeVisible();
  const code = page.getByLabel('Code from the e-mail');
  await code.fill('0000 0000');
  await press(page, 'Confirm');
  await expect(page.getByRole('alert')).toHaveText('The code is wrong or has expired.');
  await expect(code).toBeFocused();
  const subjects = () => mail.mails.filter(({ to }) => to.includes(email)).map(({ parsed }) => parsed.subject ?? '');
  await expect.poll(subjects).toEqual([expect.stringMatching(/^\d{4} \d{4} /)]);
  await code.fill(subjects()[0]?.slice(0, 9) ?? '');
  await press(page, 'Confirm');
  await expect(page.getByRole('heading', { name: 'Drop videos here' })).toBeVisible();
  await press(page, 'Settings');
  await expect(page.getByRole('switch', { name: new RegExp(`^E-mail to ${email}`) })).toBeVisible();
});

test('on a server, progress is shown, the system notifies while the window is hidden, and videos wait while signed out', {
  tag: '@server',
}, async ({ launch, home, media, openServer }) => {
  const { line, account } = await openServer();
  const audio = [{ codec: 'pcm_s16le', channels: 1 as const, sampleRate: 44_100 }];
  const sound = await media.make({ container: 'mkv', seconds: 15, picture: false, audio });
  const [first, second] = [join(home.videos, 'Lecture 1.mkv'), join(home.videos, 'Lecture 2.mkv')];
  for (const path of [first, second]) await copyFile(sound, path);
  const app = await launch();
  const page = await firstWindow(app);
  await page.getByRole('radio', { name: /^A server/ }).check();
  await fillIn(page, { address: line.url, email: account.email, password: account.password });
  await press(page, 'Sign in');
  await expect(page.getByRole('heading', { name: 'Drop videos here' })).toBeVisible();

  line.hold(500_000);
  await dropFiles(page.locator('body'), first);
  await expect(rowOf(page, 'Lecture 1')).toContainText('Uploading 1.3 MB');
  const progress = page.getByRole('progressbar', { name: 'Progress of Lecture 1.mkv' });
  await expect.poll(async () => Number(await progress.getAttribute('aria-valuenow'))).toBeGreaterThan(0);
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide());
  line.release();
  await expect.poll(async () => (await recorded(app)).notifications).toHaveLength(1);
  expect((await recorded(app)).notifications[0]).toMatchObject({
    title: 'Lecture 1.mp3 is ready',
    body: expect.stringMatching(/^15 s, \d+ kB, saved in Videos\.$/),
  });
  await clickNotification(app);
  await expect.poll(async () => (await recorded(app)).shown).toEqual([join(home.videos, 'Lecture 1.mp3')]);
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.show());
  await expect(rowOf(page, 'Lecture 1.mp3')).toContainText('Saved in Videos');
  await press(page, 'Notifications, 1 unread');
  await expect(page.getByRole('dialog', { name: 'Notifications' })).toContainText('Lecture 1.mp3 is ready');
  await press(page, 'Mark all as read');
  await expect(page.getByRole('img', { name: 'Unread' })).toHaveCount(0);
  await page.keyboard.press('Escape');

  line.hold(500_000);
  await dropFiles(page.locator('body'), second);
  const sent = async () => (await rowsOf(page)).some(({ state }) => state.kind === 'uploading' && state.sentBytes > 0);
  await expect.poll(sent).toBe(true);
  await press(page, 'Settings');
  await press(page, 'Sign out');
  await expect(page.getByText('Signed out', { exact: true })).toBeVisible();
  await press(page, 'Back');
  const waiting = rowOf(page, 'Lecture 2.mkv');
  await expect(waiting).toContainText('Waiting for you to sign in');
  await waiting.getByRole('button', { name: 'Sign in: Lecture 2.mkv' }).click();
  await expect(page.getByLabel('E-mail')).toHaveValue(account.email);
  await fillIn(page, { password: account.password });
  await press(page, 'Sign in');
  line.release();
  await expect(rowOf(page, 'Lecture 2.mp3')).toContainText('Saved in Videos');
});

test('without a keychain, the app says that the sign-in lasts until it is quit', { tag: '@server' }, async ({
  launch,
  openServer,
}) => {
  test.skip(test.info().config.metadata['host'] === 'electron', 'Electron uses the keychain of this system');
  const { line, account } = await openServer();
  const { host } = new URL(line.url);
  const env = { STANDIN_KEYRING: 'none' };
  const app = await launch({ env });
  const page = await firstWindow(app);
  await page.getByRole('radio', { name: /^A server/ }).check();
  await fillIn(page, { address: line.url, email: account.email, password: account.password });
  await press(page, 'Sign in');
  await press(page, 'Settings');
  await expect(page.getByText('You stay signed in until you quit: no keychain was found.')).toBeVisible();
  await clickMenu(app, 'application', 'Quit Soundlift');
  expect(await exitOf(app)).toBe(0);

  const again = await firstWindow(await launch({ env }));
  await expect(again.getByText(`Signed out of ${host}`)).toBeVisible();
});
