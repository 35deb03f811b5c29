import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, type ElectronApplication, expect, type Locator } from '@playwright/test';
import { type MediaFolder, openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { openClusterStand } from '../../backend/tests/running/cluster-stand.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../../backend/tests/running/held-ffmpeg.ts';
import {
  openServerStand,
  type RemoteStand,
  type ServerStandOptions,
} from '../../backend/tests/running/server-stand.ts';
import { endApp, type Home, type LaunchOptions, launchApp, makeHome } from './launch-app.ts';
import type { ServerOption } from './server-option.ts';

export { answerDialog, clickMenu, clickNotification, recorded } from './desktop-record.ts';
export { exitOf, firstWindow, killHard, killProcesses, sleepFor, startBeside } from './launch-app.ts';
export { expect };

interface Fixtures {
  /** The folders of a person who has never used the app. */
  readonly home: Home;
  /** Starts the app. It is ended after the test. */
  readonly launch: (options?: LaunchOptions) => Promise<ElectronApplication>;
  /** An ffmpeg for the app or a server that can be held in the middle of a conversion. */
  readonly ffmpeg: HeldFfmpeg;
  /** Starts our server, behind a line that tests can slow down or cut. */
  readonly openServer: (options?: ServerStandOptions) => Promise<RemoteStand>;
}

interface WorkerFixtures {
  /** Makes videos with ffmpeg. Each recipe is made only once. */
  readonly media: MediaFolder;
}

// `give` is what Playwright's documentation calls `use`. Playwright requires an empty pattern for a fixture without dependencies.
export const test = base.extend<Fixtures & ServerOption, WorkerFixtures>({
  server: ['single', { option: true }],
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
  openServer: async ({ server }, give) => {
    const stands: RemoteStand[] = [];
    await give(async (options) => {
      const stand = await (server === 'cluster' ? openClusterStand : openServerStand)(options);
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

/** Drops real files, as the desktop would. A drag through the DevTools protocol is the only way to give each File its path. */
export async function dropFiles(target: Locator, ...files: readonly string[]): Promise<void> {
  const page = target.page();
  const cdp = await page.context().newCDPSession(page);
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  if (box === null) throw new Error('the target of the drop is not visible');
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  // A page in the stand-in is paused while it reads the paths. Calls that reach it meanwhile would see an unfinished drop.
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
