import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cdp } from './cdp.ts';
import { launchChromium } from './launch-chromium.ts';

let running: Cdp | undefined;

/** The Chromium whose windows are the app's. @throws before it was started */
export function chromium(): Cdp {
  if (running === undefined) throw new Error('stand-in electron: the app is not ready yet');
  return running;
}

/** Starts it, with a profile of its own that goes with this process; without it the app is nothing. */
export async function startChromium(): Promise<Cdp> {
  const profile = mkdtempSync(join(tmpdir(), 'standin-chromium-'));
  const { cdp, child } = await launchChromium(profile);
  running = cdp;
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
  return cdp;
}
