import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, type ElectronApplication, expect, type Locator } from '@playwright/test';
import { type MediaFolder, openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../../backend/tests/running/held-ffmpeg.ts';
import {
  openServerStand,
  type ServerStand,
  type ServerStandOptions,
} from '../../backend/tests/running/server-stand.ts';
import { endApp, type Home, type LaunchOptions, launchApp, makeHome } from './launch-app.ts';

export { answerDialog, clickMenu, clickNotification, recorded } from './desktop-record.ts';
export { exitOf, firstWindow, killHard, killProcesses, sleepFor, startBeside } from './launch-app.ts';
export { expect };

interface Fixtures {
  /** Of a person who has just got this computer. */
  readonly home: Home;
  /** Starts the app; it ends with the test. */
  readonly launch: (options?: LaunchOptions) => Promise<ElectronApplication>;
  /** An ffmpeg for the app or a server that can be held in the middle of a conversion. */
  readonly ffmpeg: HeldFfmpeg;
  /** A server of ours in a process of its own, behind a line that can be bad. */
  readonly openServer: (options?: ServerStandOptions) => Promise<ServerStand>;
}

interface WorkerFixtures {
  /** Videos that ffmpeg makes, once each. */
  readonly media: MediaFolder;
}

// What Playwright calls `use`; a fixture that needs no other is given an empty pattern, as it demands.
export const test = base.extend<Fixtures, WorkerFixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the pattern.
  home: async ({}, give) => {
    const path = await mkdtemp(join(tmpdir(), 'soundlift-e2e-'));
    await give(await makeHome(path));
    await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  },
  launch: async ({ home }, give) => {
    const apps: ElectronApplication[] = [];
    await give(async (options) => {
      const app = await launchApp(home, options);
      apps.push(app);
      return app;
    });
    await Promise.all(apps.map(endApp));
  },
  ffmpeg: async ({ home }, give) => {
    await give(await makeHeldFfmpeg(home.path));
  },
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the pattern.
  openServer: async ({}, give) => {
    const stands: ServerStand[] = [];
    await give(async (options) => {
      const stand = await openServerStand(options);
      stands.push(stand);
      return stand;
    });
    for (const stand of stands) await stand[Symbol.asyncDispose]();
  },
  media: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the pattern.
    async ({}, give) => {
      const folder = await openMediaFolder();
      await give(folder);
      await folder[Symbol.asyncDispose]();
    },
    { scope: 'worker' },
  ],
});

/** Drops real files, by path, as the desktop would: a drag of the browser's own, so that each File has its path. */
export async function dropFiles(target: Locator, ...files: readonly string[]): Promise<void> {
  const page = target.page();
  const cdp = await page.context().newCDPSession(page);
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  if (box === null) throw new Error('nothing can be dropped on what is not there');
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  // While it asks for the paths, a page in the stand-in is stopped: whoever asks it for something meanwhile finds half of it.
  const handled = await page.evaluateHandle(() => ({
    drop: new Promise<void>((resolve) => {
      window.addEventListener('drop', () => setTimeout(resolve), { capture: true, once: true });
    }),
  }));
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await cdp.send('Input.dispatchDragEvent', { type, x: box.x + box.width / 2, y: box.y + box.height / 2, data });
  }
  await handled.evaluate(({ drop }) => drop);
  await cdp.detach();
}
