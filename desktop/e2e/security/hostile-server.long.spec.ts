import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ElectronApplication, Page } from '@playwright/test';
import type { RemoteStand } from '../../../backend/tests/running/server-stand.ts';
import { rowOf, rowsOf } from '../app-window.ts';
import { clickMenu, dropFiles, expect, firstWindow, recorded, test } from '../fixtures.ts';
import { type HostileServer, openHostileServer } from './hostile-server.ts';
import { watchInjection } from './watch-injection.ts';

const html = '<img src=x onerror=mark()><script>mark()</script>';
async function signIn(app: ElectronApplication, { url }: HostileServer, { account }: RemoteStand): Promise<Page> {
  const page = await firstWindow(app);
  await page.waitForFunction(() => document.querySelector('#root')?.hasChildNodes());
  const { email, password } = account;
  const answer = await page.evaluate((form) => window.soundlift.signIn(form), { address: url, email, password });
  expect(answer).toEqual({ ok: true });
  return page;
}

test('names and texts from a server are shown as plain text, and do not change where the MP3 is saved', {
  tag: '@server',
}, async ({ launch, home, media, openServer }) => {
  const stand = await openServer();
  const twists: Readonly<Record<string, unknown>> = {
    fileName: `../../${html}.mp3`,
    message: html,
    title: html,
    codec: html,
    language: html,
    channels: Number.MAX_SAFE_INTEGER,
    durationSeconds: Number.MAX_VALUE,
    etaSeconds: Number.MAX_VALUE,
    seconds: Number.MAX_VALUE,
    position: Number.MAX_SAFE_INTEGER,
    attempt: Number.MAX_SAFE_INTEGER,
    done: Number.MAX_SAFE_INTEGER,
    warnings: [{ code: 'cut_short', atSeconds: Number.MAX_VALUE, ofSeconds: Number.MAX_VALUE }],
    createdAt: '0001-01-01T00:00:00Z',
  };
  await using server = await openHostileServer({
    target: stand.line.url,
    twist: (name, value) => (name !== '' && Object.hasOwn(twists, name) ? twists[name] : value),
  });
  const videos = ['One.mp4', 'Two.mp4'].map((name) => join(home.videos, name));
  for (const video of videos) await copyFile(await media.make({ container: 'mp4', seconds: 5 }), video);
  const app = await launch();
  const page = await signIn(app, server, stand);
  const watched = await watchInjection(page);
  await dropFiles(page.locator('body'), ...videos);
  for (const name of ['One.mp3', 'Two.mp3']) await expect(rowOf(page, name)).toContainText('Saved in Videos');
  for (const { fraction } of await rowsOf(page)) expect(fraction).toBe(1);
  expect(await readdir(home.videos)).toEqual(['One.mp3', 'One.mp4', 'Two.mp3', 'Two.mp4']);
  expect((await readdir(home.path)).toSorted()).toEqual(['home', 'run', 'tmp', 'user-data']);
  expect((await readdir(join(home.path, 'home'))).filter((name) => !name.startsWith('.'))).toEqual(['Music', 'Videos']);

  const [row] = await rowsOf(page);
  expect(row?.tracks?.[0]?.codec).toBe(html);
  for (const label of ['Notifications', 'History', 'Now']) {
    await clickMenu(app, 'application', label);
    await page.waitForTimeout(150);
  }
  await page.evaluate((id) => window.soundlift.rowMenu(id), row?.id ?? '');
  await clickMenu(app, 'popup', 'Details…');
  await expect(page.getByRole('dialog')).toBeVisible();
  expect(await watched.strange()).toEqual([]);
  const { opened, progress } = await recorded(app);
  expect(opened).toEqual([]);
  for (const { fraction } of progress) expect(fraction).toBeLessThanOrEqual(1);
  const { summary } = await page.evaluate(() => window.soundlift.state());
  expect(summary.fraction).toBe(1);
  const logs = await app.evaluate(({ app: inside }) => inside.getPath('logs'));
  // The file exists only if something was logged.
  const log = await readFile(join(logs, 'app.log'), 'utf8').catch(() => '');
  expect(log).not.toContain('a defect');
});

test('an MP3 that the server announces as larger than any disk is not saved', { tag: '@server' }, async ({
  launch,
  home,
  media,
  openServer,
}) => {
  const stand = await openServer();
  await using server = await openHostileServer({
    target: stand.line.url,
    twist(name, value) {
      if (name !== 'result' || typeof value !== 'object') return value;
      return { ...value, bytes: Number.MAX_SAFE_INTEGER };
    },
  });
  await copyFile(await media.make({ container: 'mp4', seconds: 5 }), join(home.videos, 'One.mp4'));
  const page = await signIn(await launch(), server, stand);
  await dropFiles(page.locator('body'), join(home.videos, 'One.mp4'));
  await expect
    .poll(async () => (await rowsOf(page)).map(({ state }) => state.kind))
    .toEqual([expect.stringMatching(/^(failed|unsaved)$/)]);
  expect(await readdir(home.videos)).toEqual(['One.mp4']);
});

test('a server’s refusal is shown as plain text', { tag: '@server' }, async ({ launch, openServer }) => {
  const stand = await openServer();
  const problem = { type: 'about:blank', title: html, status: 400, code: 'invalid', detail: html };
  await using server = await openHostileServer({
    target: stand.line.url,
    twist: (_name, value) => value,
    answer: () => ({ status: 400, body: problem }),
  });
  const page = await firstWindow(await launch());
  // Watches only from here on, because the page itself loads scripts and styles.
  await page.getByRole('radio', { name: /^A server/ }).check();
  const watched = await watchInjection(page);
  await page.getByLabel('Address', { exact: true }).fill(server.url);
  await page.getByLabel('E-mail', { exact: true }).fill('a@example.com');
  await page.getByLabel('Password', { exact: true }).fill('a sentence is good');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText(html);
  expect(await page.evaluate(() => document.querySelector('img[src="x"]'))).toBeNull();
  expect(await watched.strange()).toEqual([]);
});
