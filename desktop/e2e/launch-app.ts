import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';
import { processTree } from '../../backend/tests/running/processes.ts';
import { electronPaths, installedElectron } from '../../build/app/electron-binary.ts';
import './recorded.ts';

export const root = join(import.meta.dirname, '..', '..');

/** The app under test. SOUNDLIFT_E2E_APP names a copy of it, for tests that run while this folder is being built. */
const ownApp = process.env['SOUNDLIFT_E2E_APP'] ?? root;

/** The folders of one person. */
export interface Home {
  /** Absolute. All other folders are inside it. */
  readonly path: string;
  readonly userData: string;
  readonly videos: string;
  readonly music: string;
}

export interface LaunchOptions {
  /** Arguments after those of the app itself. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The app's data folder. Defaults to the home's. */
  readonly userData?: string;
  /** The folder or file of the app. Defaults to ours. */
  readonly app?: string;
  /** The program of a packaged app. The recorder is not loaded into it. */
  readonly executable?: string;
}

export async function makeHome(path: string): Promise<Home> {
  const home = {
    path,
    userData: join(path, 'user-data'),
    videos: join(path, 'home', 'Videos'),
    music: join(path, 'home', 'Music'),
  };
  for (const folder of [home.videos, home.music, join(path, 'tmp'), join(path, 'run')]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  return home;
}

/** Starts the app for the person with this home. The caller must end it. */
export async function launchApp(home: Home, options: LaunchOptions = {}): Promise<ElectronApplication> {
  const { args = [], env = {}, userData = home.userData, app = ownApp, executable } = options;
  const own = executable === undefined ? ['-r', join(root, 'desktop', 'e2e', 'recorder.cjs'), app] : [];
  const electron = await _electron.launch({
    cwd: root,
    ...(executable === undefined ? {} : { executablePath: executable }),
    args: [...own, `--user-data-dir=${userData}`, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...args],
    // Keeps the app's own colour scheme. Otherwise Playwright sets one.
    colorScheme: null,
    env: { ...environmentOf(home), ...env },
  });
  const child = electron.process();
  processes.set(electron, child);
  const { stdout, stderr } = child;
  for (const stream of [stdout, stderr]) {
    stream?.on('data', (text: Buffer) => {
      if (process.env['SOUNDLIFT_E2E_LOG']) process.stderr.write(text);
    });
  }
  return electron;
}

/** The environment of a program that must find only the folders of `home`. */
function environmentOf({ path }: Home): Record<string, string> {
  const given = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const inside = (...names: readonly string[]) => join(path, 'home', ...names);
  return {
    ...Object.fromEntries(given),
    PATH: [join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
    HOME: inside(),
    USERPROFILE: inside(),
    APPDATA: inside('.config'),
    XDG_CONFIG_HOME: inside('.config'),
    XDG_DATA_HOME: inside('.local', 'share'),
    XDG_CACHE_HOME: inside('.cache'),
    XDG_RUNTIME_DIR: join(path, 'run'),
    TMPDIR: join(path, 'tmp'),
    // With a locale that is not installed, Chromium accepts only ASCII file names.
    LC_ALL: 'C.UTF-8',
  };
}

/** Starts a second instance of a running app, as a double-click on a file does. @returns its exit code */
export async function startBeside(home: Home, args: readonly string[]): Promise<number | null> {
  const executable = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ? electronPaths.standIn : installedElectron();
  if (executable === undefined) throw new Error('neither Electron nor the stand-in is installed');
  const own = [ownApp, `--user-data-dir=${home.userData}`, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  const child = spawn(executable, [...own, ...args], { cwd: home.path, env: environmentOf(home), stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

/** The first window, once it shows the app's document. Playwright reports it while it is still at about:blank. */
export async function firstWindow(app: ElectronApplication): Promise<Page> {
  const page = await app.firstWindow();
  await page.waitForURL((url) => url.protocol !== 'about:');
  return page;
}

/** The processes of the apps. Playwright forgets the process of an app that is closed. */
const processes = new WeakMap<ElectronApplication, ChildProcess>();

function processOf(app: ElectronApplication): ChildProcess {
  const child = processes.get(app);
  if (child === undefined) throw new Error('the app was not started by launchApp');
  return child;
}

const gone = (app: ElectronApplication): boolean => {
  const { exitCode, signalCode } = processOf(app);
  return exitCode !== null || signalCode !== null;
};

async function untilGone(app: ElectronApplication, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!gone(app) && performance.now() < end) await delay(20);
  return gone(app);
}

/** Ends the app without letting it ask anything, and kills it if it does not end in time. */
export async function endApp(app: ElectronApplication): Promise<void> {
  if (gone(app)) return;
  // The process may end before it has answered.
  void app.evaluate(({ app: inside }) => inside.exit(0)).catch(() => {});
  if (!(await untilGone(app, 5_000))) await killHard(app);
}

/** Waits until the app has ended by itself. @returns its exit code */
export async function exitOf(app: ElectronApplication): Promise<number | null> {
  if (!(await untilGone(app, 40_000))) throw new Error('the app is still running');
  return processOf(app).exitCode;
}

/** Kills the app's main process with SIGKILL. */
export async function killHard(app: ElectronApplication): Promise<void> {
  processOf(app).kill('SIGKILL');
  if (!(await untilGone(app, 40_000))) throw new Error('the app is still running after SIGKILL');
}

/** Stops the app and all its child processes for some seconds, as a computer that sleeps does, then continues them. */
export async function sleepFor(app: ElectronApplication, seconds: number): Promise<void> {
  const { pid } = processOf(app);
  const tree = pid === undefined ? [] : await processTree(pid);
  for (const one of tree) process.kill(one, 'SIGSTOP');
  await delay(seconds * 1000);
  for (const one of tree) process.kill(one, 'SIGCONT');
  await app.evaluate(({ powerMonitor }) => powerMonitor.emit('resume'));
}

/**
 * Waits until there are processes of the local backend (`Utility`) or of pages (`Tab`), and kills them with SIGKILL.
 * @returns their ids
 */
export async function killProcesses(app: ElectronApplication, type: 'Utility' | 'Tab'): Promise<readonly number[]> {
  const end = performance.now() + 40_000;
  while (performance.now() < end) {
    const metrics = await app.evaluate(({ app: inside }) => inside.getAppMetrics());
    const ids = metrics.filter((metric) => metric.type === type && isOurs(metric)).map(({ pid }) => pid);
    for (const pid of ids) process.kill(pid, 'SIGKILL');
    if (ids.length > 0) return ids;
    await delay(50);
  }
  throw new Error(`the app has no process of the type ${type}`);
}

/** Electron's own utility processes, e.g. for the network and audio, have other service names. */
const isOurs = ({ type, serviceName }: Electron.ProcessMetric): boolean =>
  type !== 'Utility' || serviceName === 'node.mojom.NodeService';
