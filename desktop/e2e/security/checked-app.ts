import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElectronApplication, Page } from '@playwright/test';
import { listenSomewhere } from '../../../backend/tests/running/listen-somewhere.ts';
import { windowHere } from '../app-window.ts';
import { endApp, type Home, launchApp, makeHome } from '../launch-app.ts';

/** A running app, and a web site that it must not use. */
export interface CheckedApp extends AsyncDisposable {
  readonly home: Home;
  readonly app: ElectronApplication;
  /** The page of its window. */
  readonly page: Page;
  readonly site: Site;
}

export interface Site extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  /** The requests that it has received. */
  readonly asked: readonly string[];
}

export async function openCheckedApp(): Promise<CheckedApp> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-checked-'));
  opened.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const home = await makeHome(folder);
  const site = opened.use(await openSite());
  const app = await launchApp(home);
  opened.defer(() => endApp(app));
  const page = await windowHere(app);
  const kept = opened.move();
  return { home, app, page, site, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Answers every request, and allows every origin to read the answer. */
async function openSite(): Promise<Site> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'Content-Type': 'text/html', 'Access-Control-Allow-Origin': '*' });
    response.end('<title>elsewhere</title>');
  });
  const listening = await listenSomewhere(server);
  return {
    url: `http://127.0.0.1:${listening.port}`,
    asked,
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}

/** The options that the page of the app's window was created with. Electron's types lack this method. */
export async function preferencesOf(app: ElectronApplication): Promise<Readonly<Record<string, unknown>>> {
  const kept = await app.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
      getLastWebPreferences(): Record<string, unknown>;
    };
    return JSON.stringify(contents.getLastWebPreferences());
  });
  return JSON.parse(kept) as Record<string, unknown>;
}
