import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ElectronApplication } from '@playwright/test';
import { locateFfmpeg } from '../../backend/converter/ffmpeg/locate-ffmpeg.ts';
import { endApp, firstWindow, type Home, launchApp, makeHome } from '../../desktop/e2e/launch-app.ts';
import type { SoundliftApi } from '../../desktop/ipc.ts';
import { openEntriesDatabase } from '../../desktop/main/list/entries-database.ts';
import type { Entry } from '../../desktop/main/list/entry.ts';
import { buildStaleBundles } from '../app/bundles.ts';
import { electronPaths, findElectron } from '../app/electron-binary.ts';
import { video } from './bench-media.ts';
import type { Row } from './row.ts';

const startRows = 500;
const manyRows = 5000;
const starts = 5;
const lookSeconds = 10;
/** Each sends its progress about three times a second. */
const atOnce = 7;
const updatesPerSecond = 20;
/** Linux counts CPU time in these units. */
const ticksPerSecond = 100;

/** The page's globals that we use. These files are typed for Node. */
interface PageGlobals {
  readonly soundlift: SoundliftApi;
  readonly requestAnimationFrame: (callback: (milliseconds: number) => void) => number;
}

export const app: Row = {
  name: 'app',
  what: `start to a usable window with ${startRows} rows; idle CPU; memory and frames with ${manyRows} rows and ${updatesPerSecond} updates a second`,
  against: 'nothing',
  async measure(folder) {
    await buildStaleBundles();
    const { isStandIn } = await findElectron();
    if (isStandIn) process.env['ELECTRON_OVERRIDE_DIST_PATH'] = join(electronPaths.standIn, '..');
    const few = await homeWithRows(join(folder, 'few'), startRows);
    const seconds: number[] = [];
    for (let round = 0; round < starts; round += 1) seconds.push(await startSeconds(few));
    const median = seconds.toSorted((one, other) => one - other)[Math.floor(starts / 2)] ?? Number.NaN;
    const idle = await withApp(few, idleCpu);
    const many = await homeWithRows(join(folder, 'many'), manyRows, atOnce);
    const env = { FFMPEG_PATH: await steadyFfmpeg(folder) };
    const { main, renderer, frame, updates } = await withApp(many, busyList, env);
    return {
      notes: [
        isStandIn ? 'on the stand-in over Chromium, without a screen' : 'on Electron',
        `start ${median.toFixed(2)} s`,
        `idle ${(100 * idle).toFixed(1)} % of a core, main and renderer`,
        `memory ${inMegabytes(main)} main, ${inMegabytes(renderer)} renderer`,
        `frame ${frame.toFixed(1)} ms, 95th percentile, while ${updates.toFixed(0)} rows a second changed`,
      ],
    };
  },
};

/** @param converting how many of the rows, from the first, are videos that still have to be converted */
async function homeWithRows(path: string, count: number, converting = 0): Promise<Home> {
  const home = await makeHome(path);
  await mkdir(home.userData, { recursive: true });
  await writeFile(
    join(home.userData, 'settings.json'),
    JSON.stringify({ version: 2, backend: { kind: 'here' }, atOnce }),
  );
  const minute = converting === 0 ? undefined : await video(60);
  using database = openEntriesDatabase(join(home.userData, 'list.sqlite'));
  const entries = Array.from({ length: count }, (_, index) => savedEntry(home, index));
  for (const entry of entries.slice(0, converting)) if (minute !== undefined) await copyFile(minute, entry.source.path);
  const isNew = { step: { kind: 'new' }, furthest: 0 } as const;
  database.write(entries.map((entry, index) => (index < converting ? { ...entry, ...isNew } : entry)));
  return home;
}

function savedEntry(home: Home, index: number): Entry {
  const name = `Lecture ${String(index + 1).padStart(4, '0')}`;
  const result = { fileName: `${name}.mp3`, bytes: 9_000_000, durationSeconds: 600, sha256: '0'.repeat(64) };
  return {
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    order: index,
    source: { path: join(home.videos, `${name}.mp4`), fileName: `${name}.mp4`, bytes: 90_000_000, subfolder: '' },
    batchId: '00000000-0000-4000-8000-ffffffffffff',
    batchSize: 1,
    options: { format: 'mp3', quality: 2 },
    backendKey: 'here',
    target: { kind: 'beside' },
    whenTaken: 'keep_both',
    step: { kind: 'saved', file: join(home.videos, `${name}.mp3`), result, conversionId: name },
    isHeld: false,
    furthest: 1,
    isListed: true,
    durationSeconds: 600,
    warnings: [],
    savedAt: Date.UTC(2026, 0, 1) + index,
  };
}

/** An ffmpeg that converts at the speed of playback, so that it reports progress steadily and hardly uses the CPU. @returns its path */
async function steadyFfmpeg(folder: string): Promise<string> {
  const { ffmpeg } = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' });
  const path = join(folder, 'ffmpeg');
  await writeFile(path, `#!/bin/sh\nexec '${ffmpeg}' -re "$@"\n`, { mode: 0o755 });
  return path;
}

async function withApp<Measured>(
  home: Home,
  measure: (app: ElectronApplication) => Promise<Measured>,
  env: Readonly<Record<string, string>> = {},
): Promise<Measured> {
  const electron = await launchApp(home, { env });
  try {
    const page = await firstWindow(electron);
    await page.getByRole('row').first().waitFor();
    return await measure(electron);
  } finally {
    await endApp(electron);
  }
}

async function startSeconds(home: Home): Promise<number> {
  const from = performance.now();
  return withApp(home, async () => (performance.now() - from) / 1000);
}

/** As a share of one core, 0–1. */
async function idleCpu(electron: ElectronApplication): Promise<number> {
  // Wait until the work after a start is done.
  await wait(3000);
  const pids = await pidsOf(electron);
  const before = await cpuSeconds(pids);
  await wait(1000 * lookSeconds);
  return ((await cpuSeconds(pids)) - before) / lookSeconds;
}

interface Busy {
  /** Bytes. */
  readonly main: number;
  readonly renderer: number;
  /** Milliseconds, 95th percentile. */
  readonly frame: number;
  /** Changed rows a second. */
  readonly updates: number;
}

/** The list while its first rows are converted, as the page sees it. */
async function busyList(electron: ElectronApplication): Promise<Busy> {
  const page = await firstWindow(electron);
  const { frames, updates } = await page.evaluate(
    async ({ converting, milliseconds }) => {
      const { soundlift, requestAnimationFrame } = globalThis as unknown as PageGlobals;
      for (;;) {
        const { rows } = await soundlift.state();
        if (rows.filter(({ state, fraction = 0 }) => state.kind === 'converting' && fraction > 0).length >= converting)
          break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      let changed = 0;
      const leave = soundlift.onChanges((changes) => {
        for (const change of changes) if (change.type === 'rows') changed += change.changed.length;
      });
      const seen: number[] = [];
      const end = performance.now() + milliseconds;
      for (let last = performance.now(); last < end; ) {
        const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
        seen.push(now - last);
        last = now;
      }
      leave();
      return { frames: seen, updates: (1000 * changed) / milliseconds };
    },
    { converting: atOnce, milliseconds: 1000 * lookSeconds },
  );
  const frame = frames.toSorted((one, other) => one - other)[Math.floor(frames.length * 0.95)] ?? Number.NaN;
  const [main = 0, renderer = 0] = await pidsOf(electron);
  return { main: await residentBytes(main), renderer: await residentBytes(renderer), frame, updates };
}

/** Main's and the renderer's. */
async function pidsOf(electron: ElectronApplication): Promise<readonly number[]> {
  return electron.evaluate(({ app: running }) =>
    ['Browser', 'Tab'].map((type) => running.getAppMetrics().find((one) => one.type === type)?.pid ?? 0),
  );
}

async function cpuSeconds(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold spaces; user and system time are the 14th and 15th field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / ticksPerSecond;
}

async function residentBytes(pid: number): Promise<number> {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

const inMegabytes = (bytes: number): string => `${Math.round(bytes / 1_000_000)} MB`;
