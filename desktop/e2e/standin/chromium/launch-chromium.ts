import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Browser } from '@playwright/test';
import { chromium, findOnPath } from '../../../../build/set-up/programs.mjs';

/** The path of a Chromium, named by STANDIN_CHROMIUM or found on the PATH. */
function findChromium(): string {
  const found =
    process.env['STANDIN_CHROMIUM'] ||
    [chromium.name, ...(chromium.others ?? [])].map((name) => findOnPath(name)).find((path) => path);
  if (!found) throw new Error('stand-in electron: there is no Chromium; install it, or name one in STANDIN_CHROMIUM');
  return found;
}

const switches = [
  // We send nothing through the pipe. Chromium ends when it closes, even if we are killed.
  '--remote-debugging-pipe',
  '--remote-debugging-port=0',
  // We may run as root, as in a container.
  '--no-sandbox',
  '--no-startup-window',
  '--lang=en-US',
  '--no-first-run',
  '--no-default-browser-check',
  '--password-store=basic',
  '--use-mock-keychain',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-extensions',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
  '--disable-search-engine-choice-screen',
  // Each renderer must belong to a window.
  '--disable-features=SpareRendererForSitePerProcess',
  '--force-color-profile=srgb',
  '--autoplay-policy=no-user-gesture-required',
  // In Electron, a `file:` page may load modules; in plain Chromium it may not.
  '--allow-file-access-from-files',
];

/** Starts Chromium without a window, and prints where it listens as Electron does, because Playwright waits for this line. */
export async function launchChromium(profileFolder: string): Promise<{ browser: Browser; child: ChildProcess }> {
  const child = spawn(
    findChromium(),
    [...(process.env['STANDIN_HEADED'] ? [] : ['--headless=new']), ...switches, `--user-data-dir=${profileFolder}`],
    {
      // With a locale that is not installed, Chromium accepts only ASCII file names.
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    },
  );
  // Loading Playwright takes about as long as Chromium takes to start.
  const playwright = import('@playwright/test');
  const lines = createInterface({ input: child.stderr as Readable });
  const seen: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      if (seen.length < 20) seen.push(line);
      const [, address] = /^DevTools listening on (ws:.*)$/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
      if (process.env['STANDIN_DEBUG']) process.stderr.write(`[chromium] ${line}\n`);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`Chromium exited (${code}) before it listened:\n${seen.join('\n')}`)),
    );
  });
  const browser = await (await playwright).chromium.connectOverCDP(url);
  process.stderr.write(`\nDevTools listening on ${url}\n`);
  return { browser, child };
}
