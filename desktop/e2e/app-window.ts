import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ElectronApplication, expect, type Locator, type Page } from '@playwright/test';
import type { MediaFolder } from '../../backend/tests/media/make-media.ts';
import type { RemoteStand } from '../../backend/tests/running/server-stand.ts';
import type { Row } from '../ipc.ts';
import { firstWindow, type Home } from './launch-app.ts';

/** Opens the app's window and, on the first run, chooses this computer as the backend. */
export async function windowHere(app: ElectronApplication): Promise<Page> {
  const page = await firstWindow(app);
  await page.waitForFunction(() => document.querySelector('#root')?.hasChildNodes());
  await page.evaluate(async () => {
    const { backend } = await window.soundlift.state();
    if (backend.kind === 'none') await window.soundlift.useThisComputer();
  });
  return page;
}

/** A row of the list whose name contains `name`. */
export const rowOf = (page: Page, name: string): Locator => page.getByRole('row', { name });

/** Puts an MKV with only an audio track, which is quick to make, into the folder of videos. @returns its path */
export async function putLongVideo(home: Home, media: MediaFolder, name: string, seconds: number): Promise<string> {
  const audio = [{ codec: 'pcm_s16le', channels: 1 as const, sampleRate: 44_100 }];
  const made = await media.make({ container: 'mkv', seconds, picture: false, audio });
  const path = join(home.videos, name);
  await copyFile(made, path);
  return path;
}

/** The rows, read through the page. */
export const rowsOf = (page: Page): Promise<readonly Row[]> =>
  page.evaluate(async () => (await window.soundlift.state()).rows);

/** Waits until a row is converting and its progress is above 0. Use it with a held ffmpeg, which keeps the row in that state. */
export async function untilConverting(page: Page): Promise<void> {
  await expect
    .poll(async () =>
      (await rowsOf(page)).some(({ state, fraction = 0 }) => state.kind === 'converting' && fraction > 0),
    )
    .toBe(true);
}

/** The rows, read through the main process. Works while Playwright's page is closed or crashed. */
export async function rowsInApp(app: ElectronApplication): Promise<readonly Row[]> {
  const rows = await app.evaluate(async ({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    return (await contents?.executeJavaScript('window.soundlift.state().then(({ rows }) => rows)')) as unknown;
  });
  return rows as readonly Row[];
}

export const isVisible = (app: ElectronApplication): Promise<boolean> =>
  app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().some((window) => window.isVisible()));

/** Opens the app's window and signs in to a server through its line, which tests can cut. */
export async function windowOnServer(app: ElectronApplication, { line, account }: RemoteStand): Promise<Page> {
  const page = await firstWindow(app);
  await page.waitForFunction(() => document.querySelector('#root')?.hasChildNodes());
  const form = { address: line.url, email: account.email, password: account.password };
  const answer = await page.evaluate((given) => window.soundlift.signIn(given), form);
  if (!answer.ok) throw new Error(`could not sign in: ${JSON.stringify(answer.problem)}`);
  return page;
}
