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

/** The app under test: our own, or a copy of it, while somebody else builds here. */
const ownApp = process.env['SOUNDLIFT_E2E_APP'] ?? root;

/** A person's folders, as an app finds them. */
export interface Home {
  /** Absolute; all else is inside. */
  readonly path: string;
  readonly userData: string;
  readonly videos: string;
  readonly music: string;
}

export interface LaunchOptions {
  /** After the app's own. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another folder of the app's data than the home's. */
  readonly userData?: string;
  /** Folder or file of another app than ours. */
  readonly app?: string;
  /** A packaged app; nothing is recorded of it. */
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

/** Starts the app for a person whose home this is. It is not closed by itself. */
export async function launchApp(home: Home, options: LaunchOptions = {}): Promise<ElectronApplication> {
  const { args = [], env = {}, userData = home.userData, app = ownApp, executable } = options;
  const own = executable === undefined ? ['-r', join(root, 'desktop', 'e2e', 'recorder.cjs'), app] : [];
  const electron = await _electron.launch({
    cwd: root,
    ...(executable === undefined ? {} : { executablePath: executable }),
    args: [...own, `--user-data-dir=${userData}`, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...args],
    // What the app asks for, and no preference of the test tool's.
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

/** All that a program is told of where its person's things are. */
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
    // File names that are not English do not reach a browser in a locale that is not there.
    LC_ALL: 'C.UTF-8',
  };
}

/** Starts the app once more beside one that runs, as a double-click on a file does. @returns its exit code */
export async function startBeside(home: Home, args: readonly string[]): Promise<number | null> {
  const executable = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ? electronPaths.standIn : installedElectron();
  if (executable === undefined) throw new Error('there is neither Electron nor what stands in for it');
  const own = [ownApp, `--user-data-dir=${home.userData}`, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  const child = spawn(executable, [...own, ...args], { cwd: home.path, env: environmentOf(home), stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

/** The first window, with the app's own document: it is reported while still at about:blank. */
export async function firstWindow(app: ElectronApplication): Promise<Page> {
  const page = await app.firstWindow();
  await page.waitForURL((url) => url.protocol !== 'about:');
  return page;
}

/** Playwright forgets the process of an app that is closed. */
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

/** Ends the app without its questions; by force when it does not come to it. */
export async function endApp(app: ElectronApplication): Promise<void> {
  if (gone(app)) return;
  // Its answer may be lost with the process.
  void app.evaluate(({ app: inside }) => inside.exit(0)).catch(() => {});
  if (!(await untilGone(app, 5_000))) await killHard(app);
}

/** Waits for the app to end by itself; its exit code. */
export async function exitOf(app: ElectronApplication): Promise<number | null> {
  if (!(await untilGone(app, 40_000))) throw new Error('the app still runs');
  return processOf(app).exitCode;
}

/** `kill -9` of the app's main process. */
export async function killHard(app: ElectronApplication): Promise<void> {
  processOf(app).kill('SIGKILL');
  if (!(await untilGone(app, 40_000))) throw new Error('the app outlives a kill');
}

/** Stops the app and all that it has started for so long, as a lid that is closed does, and wakes it. */
export async function sleepFor(app: ElectronApplication, seconds: number): Promise<void> {
  const { pid } = processOf(app);
  const tree = pid === undefined ? [] : await processTree(pid);
  for (const one of tree) process.kill(one, 'SIGSTOP');
  await delay(seconds * 1000);
  for (const one of tree) process.kill(one, 'SIGCONT');
  await app.evaluate(({ powerMonitor }) => powerMonitor.emit('resume'));
}

/** `kill -9` of the processes of this computer's backend, or of the windows' pages, as soon as there are any. @returns their ids */
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

/** Electron's own utilities have other names: for the network, for sounds. */
const isOurs = ({ type, serviceName }: Electron.ProcessMetric): boolean =>
  type !== 'Utility' || serviceName === 'node.mojom.NodeService';
