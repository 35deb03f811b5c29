import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, CDPSession } from '@playwright/test';
import { launchChromium } from './launch-chromium.ts';

let running: { readonly session: CDPSession; readonly context: BrowserContext } | undefined;

function needed() {
  if (running === undefined) throw new Error('stand-in electron: the app is not ready yet');
  return running;
}

/** The session of the browser that shows the app's windows. @throws before it was started */
export const chromium = (): CDPSession => needed().session;

/**
 * Opens a page. The caller drives it through the session, because Playwright gives up a page whose process has died, which Electron
 * reloads.
 * @throws before Chromium was started
 */
export async function openPage(): Promise<CDPSession> {
  const { context } = needed();
  return await context.newCDPSession(await context.newPage());
}

/** Starts Chromium with a profile that is removed when this process ends. When Chromium ends, so does this process. */
export async function startChromium(): Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), 'standin-chromium-'));
  const { browser, child } = await launchChromium(profile);
  const [context] = browser.contexts();
  if (context === undefined) throw new Error('stand-in electron: Chromium has no profile');
  running = { session: await browser.newBrowserCDPSession(), context };
  let ending = false;
  process.on('exit', () => {
    ending = true;
    child.kill('SIGKILL');
    try {
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // Chromium may still have written a file. The system cleans its temporary folder.
    }
  });
  child.on('exit', () => {
    if (ending) return;
    process.stderr.write('stand-in electron: Chromium died\n');
    process.exit(1);
  });
}
