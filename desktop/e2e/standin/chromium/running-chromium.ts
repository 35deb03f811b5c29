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

/** The session of the Chromium whose windows are the app's. @throws before it was started */
export const chromium = (): CDPSession => needed().session;

/**
 * Opens a page. Playwright gives up a page whose process has died, and Electron reloads it: so the caller drives it through the session.
 * @throws before Chromium was started
 */
export async function openPage(): Promise<CDPSession> {
  const { context } = needed();
  return await context.newCDPSession(await context.newPage());
}

/** Starts it, with a profile of its own that goes with this process; without it the app is nothing. */
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
      // Chromium's last writes may come in between: the folder is the system's to clean.
    }
  });
  child.on('exit', () => {
    if (ending) return;
    process.stderr.write('stand-in electron: Chromium died\n');
    process.exit(1);
  });
}
