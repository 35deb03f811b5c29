import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { ElectronBinary } from './electron-binary.ts';

const root = join(import.meta.dirname, '..', '..');
/** How long the app may take to quit before it is killed. */
const endMilliseconds = 8000;

/**
 * Starts the app from its bundles, in the person's working folder, so that relative file names work.
 * @param pageUrl of a development server, instead of the page that was built
 */
export function startApp(binary: ElectronBinary, words: readonly string[], pageUrl?: string): ChildProcess {
  const { INIT_CWD: callersFolder, ...environment } = process.env;
  // If the caller had set this variable, Electron would run as plain Node.
  delete environment['ELECTRON_RUN_AS_NODE'];
  return spawn(binary.executable, [root, ...words], {
    stdio: 'inherit',
    cwd: callersFolder ?? process.cwd(),
    env: { ...environment, ...(pageUrl === undefined ? {} : { SOUNDLIFT_PAGE_URL: pageUrl }) },
  });
}

/** Resolves with the exit code when the app has ended. */
export async function ended(app: ChildProcess): Promise<number> {
  if (app.exitCode !== null) return app.exitCode;
  return new Promise((resolve, reject) => {
    app.once('error', reject);
    app.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal])));
  });
}

/** Asks the app to quit, and kills it if it does not. */
export async function endApp(app: ChildProcess): Promise<void> {
  if (app.exitCode !== null || app.signalCode !== null) return;
  const end = new Promise((resolve) => app.once('exit', resolve));
  app.kill('SIGTERM');
  const killing = setTimeout(() => app.kill('SIGKILL'), endMilliseconds);
  await end;
  clearTimeout(killing);
}

/** Calls back once on Ctrl-C and similar signals. One key press may send several. */
export function onEnd(callback: () => void): void {
  let isEnding = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isEnding) return;
      isEnding = true;
      callback();
    });
  }
}
