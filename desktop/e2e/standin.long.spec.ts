import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ElectronApplication } from '@playwright/test';
import { dropFiles, exitOf, expect, firstWindow, killHard, killProcesses, recorded, test } from './fixtures.ts';

// What the app's specs need from Electron and from the stand-in, tested with a small app.
const app = join(import.meta.dirname, 'standin-app');
const utility = join(app, 'utility.js');

interface Api {
  echo(value: unknown): Promise<unknown>;
  fail(): Promise<unknown>;
  pathOf(file: File): string;
}
declare global {
  interface Window {
    api: Api;
    inline?: boolean;
  }
  var kept: { readonly ranges: string[]; readonly opened: number; said?: unknown[]; ended?: unknown };
}

const kept = (electron: ElectronApplication) => electron.evaluate(() => globalThis.kept);

test('the page gets what the preload script exposes, and nothing else', async ({ launch }) => {
  const page = await firstWindow(await launch({ app }));
  const value = { list: [1, undefined, 'ü'], when: new Date(0), bytes: new Uint8Array([1, 2]) };
  expect(await page.evaluate((sent) => window.api.echo(sent), value)).toEqual(value);
  await expect(page.evaluate(() => window.api.fail())).rejects.toThrow(
    "Error invoking remote method 'fail': RangeError: out of it",
  );
  const seen = await page.evaluate(() => ({
    frozen: Object.isFrozen(window.api),
    node: [typeof Reflect.get(window, 'process'), typeof Reflect.get(window, 'require')],
    leaked: Object.getOwnPropertyNames(window).filter((name) => /stand-?in|electron/i.test(name)),
  }));
  expect(seen).toEqual({ frozen: true, node: ['undefined', 'undefined'], leaked: [] });
});

test("the page's policy holds", async ({ launch }) => {
  const page = await firstWindow(await launch({ app }));
  await expect(page.locator('body[data-ran]')).toBeVisible();
  expect(await page.evaluate(() => window.inline)).toBeUndefined();
});

test('a dropped file has its path', async ({ launch, home }) => {
  const page = await firstWindow(await launch({ app }));
  await page.evaluate(() => {
    document.body.style.minHeight = '300px';
    document.addEventListener('dragover', (event) => event.preventDefault());
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      document.title = [...(event.dataTransfer?.files ?? [])].map((file) => window.api.pathOf(file)).join();
    });
  });
  const path = join(home.videos, 'naïve “ü” #1.mp4');
  await writeFile(path, 'x');
  await dropFiles(page.locator('body'), path);
  await expect(page).toHaveTitle(path);
});

test('a sound from a custom scheme plays and seeks without being read whole', async ({ launch, media }) => {
  const sound = await media.make({ container: 'mp3', seconds: 600 });
  const { size } = await stat(sound);
  expect(size).toBeGreaterThan(4_000_000);
  const electron = await launch({ app, args: [`--sound=${sound}`] });
  const page = await firstWindow(electron);
  const played = await page.evaluate(async () => {
    const audio = document.querySelector('audio');
    if (audio === null) throw new Error('there is no player');
    const happens = (name: string) =>
      new Promise((resolve, reject) => {
        audio.addEventListener(name, resolve, { once: true });
        audio.addEventListener('error', () => reject(new Error(audio.error?.message)), { once: true });
      });
    audio.muted = true;
    audio.setAttribute('src', 'stand-in-sound://row/a%20b');
    await happens('loadedmetadata');
    await audio.play();
    audio.currentTime = 500;
    await happens('seeked');
    return { seconds: Math.round(audio.duration), src: audio.src, at: Math.floor(audio.currentTime) };
  });
  expect(played).toEqual({ seconds: 600, src: 'stand-in-sound://row/a%20b', at: 500 });
  const { ranges } = await kept(electron);
  expect(ranges[0]).toBe('stand-in-sound://row/a%20b 0-');
  // After the seek, the player asked for the middle.
  expect(ranges.some((range) => Number(/ (\d+)-/.exec(range)?.[1]) > size / 2)).toBe(true);
});

test('messages go to a utility process and back over a port, and each side hears when the other ends', async ({
  launch,
}) => {
  const electron = await launch({ app });
  await electron.evaluate(({ utilityProcess, MessageChannelMain }, file) => {
    const said: unknown[] = [];
    Object.assign(globalThis.kept, { said });
    const start = () => {
      const { port1, port2 } = new MessageChannelMain();
      const child = utilityProcess.fork(file, [], { serviceName: 'answers' });
      child.postMessage({ hello: new Map([[1, 'one']]) }, [port2]);
      child.on('message', (message) => said.push(message));
      child.on('exit', (code) => said.push(`exit ${code}`));
      port1.on('message', ({ data }) => said.push(data));
      port1.on('close', () => said.push('closed'));
      port1.postMessage('before start');
      port1.start();
      return port1;
    };
    const closing = start();
    closing.on('message', () => closing.close());
    const dying = start();
    dying.on('message', () => dying.postMessage('die'));
  }, utility);
  const said = () =>
    electron.evaluate(() =>
      (globalThis.kept.said ?? []).map((each) => (typeof each === 'string' ? each : 'answer')).toSorted(),
    );
  await expect.poll(said).toEqual(['answer', 'answer', 'closed', 'closed', 'exit 7', 'the port is closed']);
});

test('the app hears when a utility process is killed, and a utility process ends with its app', async ({ launch }) => {
  const electron = await launch({ app });
  const start = () =>
    electron.evaluate(({ utilityProcess }, file) => {
      const child = utilityProcess.fork(file);
      child.on('exit', (code) => Object.assign(globalThis.kept, { ended: code }));
      return new Promise<number>((resolve) => {
        child.on('spawn', () => resolve(child.pid ?? 0));
      });
    }, utility);
  const first = await start();
  expect(await killProcesses(electron, 'Utility')).toEqual([first]);
  await expect.poll(async () => (await kept(electron)).ended).not.toBe(0);
  const second = await start();
  await killHard(electron);
  await expect.poll(() => isAlive(second)).toBe(false);
});

test('the app hears when a page crashes, and can reload it', async ({ launch }) => {
  const electron = await launch({ app });
  await firstWindow(electron);
  await electron.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    contents?.on('render-process-gone', (_event, { reason }) => {
      Object.assign(globalThis.kept, { ended: [reason, contents.isCrashed()] });
      contents.reload();
    });
  });
  expect(await killProcesses(electron, 'Tab')).toHaveLength(1);
  await expect.poll(async () => (await kept(electron)).ended).toEqual([expect.stringMatching(/crashed|killed/), true]);
  const again = () =>
    electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript('window.api?.echo(5)'),
    );
  await expect.poll(again).toBe(5);
});

test('the app can refuse a navigation and a new window', async ({ launch }) => {
  const electron = await launch({ app });
  const page = await firstWindow(electron);
  await electron.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    const said: unknown[] = [];
    Object.assign(globalThis.kept, { said });
    contents?.on('will-navigate', (event) => {
      event.preventDefault();
      said.push(event.url);
    });
    contents?.setWindowOpenHandler(({ url }) => {
      said.push(`open ${url}`);
      return { action: 'deny' };
    });
  });
  const here = page.url();
  await page.getByRole('link').click({ noWaitAfter: true });
  expect(await page.evaluate(() => window.open('https://example.org/new'))).toBeNull();
  await expect
    .poll(async () => (await kept(electron)).said)
    .toEqual(['https://example.org/', 'open https://example.org/new']);
  expect(page.url()).toBe(here);
  expect(electron.windows()).toHaveLength(1);
});

test('a menu key works, a hidden page knows it is hidden, and a drag is recorded', async ({ launch }) => {
  const electron = await launch({ app });
  const page = await firstWindow(electron);
  await page.keyboard.press('Control+o');
  await expect.poll(async () => (await kept(electron)).opened).toBe(1);
  const states = await page.evaluateHandle(() => {
    const seen: string[] = [];
    document.addEventListener('visibilitychange', () => seen.push(document.visibilityState));
    return seen;
  });
  await electron.evaluate(({ BrowserWindow, nativeImage }, file) => {
    const window = BrowserWindow.getAllWindows()[0];
    window?.hide();
    window?.show();
    window?.webContents.startDrag({ file, icon: nativeImage.createEmpty() });
  }, utility);
  await expect.poll(() => states.jsonValue()).toEqual(['hidden', 'visible']);
  expect((await recorded(electron)).drags).toEqual([utility]);
});

test('a missing API throws an error that names it', async ({ launch }) => {
  test.skip(test.info().config.metadata['host'] === 'electron', 'only the stand-in lacks APIs');
  const electron = await launch({ app });
  await expect(electron.evaluate(({ app: inside }) => inside.setJumpList([]))).rejects.toThrow(
    'stand-in electron: App.setJumpList is not implemented',
  );
});

test('an app that quits ends with 0', async ({ launch }) => {
  const electron = await launch({ app });
  await firstWindow(electron);
  await electron.evaluate(({ app: inside }) => inside.quit()).catch(() => {});
  expect(await exitOf(electron)).toBe(0);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
