import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, howToInstall, linuxFamily, missingPrograms } from '../set-up/programs.mjs';
import { SetUpError, say } from '../set-up/say.mjs';

/** The program that runs the app: Electron, or the stand-in where Electron cannot be downloaded. */
export interface ElectronBinary {
  /** Absolute path. */
  readonly executable: string;
  readonly isStandIn: boolean;
}

export interface ElectronPaths {
  /** Absolute path of the npm package `electron`. */
  readonly packageFolder: string;
  /** Absolute path of the stand-in's executable. */
  readonly standIn: string;
}

const root = join(import.meta.dirname, '..', '..');
export const electronPaths: ElectronPaths = {
  packageFolder: join(root, 'node_modules', 'electron'),
  standIn: join(root, 'desktop', 'e2e', 'standin', 'dist', 'electron'),
};

/** Enough for a hundred megabytes on a slow connection. */
const fetchMilliseconds = 10 * 60_000;
/** After this long, say what the person is waiting for. */
const tellAfterMilliseconds = 1500;

/**
 * Finds Electron or downloads it. If that fails, returns the stand-in and says so on standard error. Throws `SetUpError` if the stand-in
 * cannot run either.
 */
export async function findElectron(
  paths: ElectronPaths = electronPaths,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ElectronBinary> {
  const executable = installedElectron(paths) ?? (await fetchElectron(paths));
  if (executable !== undefined) return { executable, isStandIn: false };
  if (process.platform === 'win32')
    throw new SetUpError('Electron could not be downloaded, and Soundlift does not run without it: try again online.');
  if (missingPrograms([chromium], environment).length > 0)
    throw new SetUpError(
      `Electron could not be downloaded, and Chromium, which can stand in for it, is missing. ${howToInstall([chromium], process.platform, linuxFamily(), environment)}`,
    );
  say(
    'Electron could not be downloaded: the app runs on a stand-in over Chromium, without a window unless STANDIN_HEADED=1 is set.',
  );
  return { executable: paths.standIn, isStandIn: true };
}

/** The path of Electron's executable; undefined if the npm package has not downloaded it. */
export function installedElectron({ packageFolder }: ElectronPaths = electronPaths): string | undefined {
  const pathFile = join(packageFolder, 'path.txt');
  if (!existsSync(pathFile)) return undefined;
  const executable = join(packageFolder, 'dist', readFileSync(pathFile, 'utf8'));
  return existsSync(executable) ? executable : undefined;
}

async function fetchElectron(paths: ElectronPaths): Promise<string | undefined> {
  const telling = setTimeout(() => say('Downloading Electron, once…'), tellAfterMilliseconds);
  try {
    await promisify(execFile)(process.execPath, [join(paths.packageFolder, 'install.js')], {
      timeout: fetchMilliseconds,
      killSignal: 'SIGKILL',
    });
    return installedElectron(paths);
  } catch (error) {
    // The machine may be offline. The caller has another way.
    if (error instanceof Error) return undefined;
    throw error;
  } finally {
    clearTimeout(telling);
  }
}
