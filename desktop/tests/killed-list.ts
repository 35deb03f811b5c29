import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { soundSeconds } from '../../backend/tests/flow/mp3-facts.ts';
import { openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { processesIn } from '../../backend/tests/running/processes.ts';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { deadlyStep } from '../../backend/tests/stress/deadly-step.ts';
import type { SeededRandom } from '../../backend/tests/stress/seeded-random.ts';
import { openEntriesDatabase } from '../main/list/entries-database.ts';

const seconds = 4;
const videosAtOnce = 6;

/** Kills a list that runs in its own process. */
export interface KilledList extends AsyncDisposable {
  /**
   * Drops a new folder of videos, kills the process `kills` times, each time after a random time, then lets it finish and checks the
   * outcome.
   */
  killAtRandom(kills: number, random: SeededRandom): Promise<void>;
  /** The number of steps with lasting effects for one video. */
  countSteps(): Promise<number>;
  /** Kills it before a step, given by number or pattern, then lets another process finish and checks the outcome. Resolves with the step. */
  killBefore(step: number | RegExp): Promise<string>;
}

interface Scene {
  readonly folder: string;
  readonly videos: string;
  readonly names: readonly string[];
}

const script = join(import.meta.dirname, 'run-list.ts');
const stepsPreload = import.meta.resolve('../../backend/tests/stress/die-at-step.ts');

export async function openKilledList(): Promise<KilledList> {
  await using opened = new AsyncDisposableStack();
  const media = opened.use(await openMediaFolder());
  const video = await media.make({ container: 'mkv', seconds, audio: [{ codec: 'flac' }], picture: false });
  const kept = opened.move();

  async function inScene<Result>(count: number, play: (scene: Scene) => Promise<Result>): Promise<Result> {
    const folder = await mkdtemp(join(tmpdir(), 'soundlift-killed-list-'));
    const videos = join(folder, 'videos');
    // All videos are the same, so that MP3s cannot be distinguished by their bytes.
    const names = Array.from({ length: count }, (_, index) => `talk ${index}`);
    try {
      await mkdir(join(folder, 'tmp'));
      await mkdir(videos);
      for (const name of names) await copyFile(video, join(videos, `${name}.mkv`));
      const scene = { folder, videos, names };
      const result = await play(scene);
      await expectAllSaved(scene);
      return result;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  return {
    killAtRandom: (kills, random) =>
      inScene(videosAtOnce, async (scene) => {
        for (let kill = 0; kill < kills; kill += 1) {
          const child = start(scene);
          const whole = once(child, 'close');
          await Promise.race([delay(random.between(150, 1200)), whole]);
          child.kill('SIGKILL');
          await whole;
          await waitUntil('all its processes have ended', async () => (await processesIn(scene.folder)).length === 0);
        }
        expect(await end(start(scene))).toBe(0);
      }),
    countSteps: () =>
      inScene(1, async (scene) => {
        expect(await end(start(scene, Number.MAX_SAFE_INTEGER))).toBe(0);
        return (await stepsTaken(scene)).length;
      }),
    killBefore: (step) =>
      inScene(1, async (scene) => {
        expect(await end(start(scene, step))).toBe('SIGKILL');
        const killedBefore = deadlyStep(await stepsTaken(scene), step);
        expect(await end(start(scene)), `after a kill before ${killedBefore}`).toBe(0);
        return killedBefore;
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function start({ folder, videos }: Scene, dieAt?: number | RegExp): ChildProcess {
  const preload = dieAt === undefined ? [] : ['--import', stepsPreload];
  const step = dieAt instanceof RegExp ? dieAt.source : String(dieAt ?? '');
  const environment = [`TMPDIR=${join(folder, 'tmp')}`, `DIE_AT_STEP=${step}`, `STEP_LOG=${join(folder, 'steps')}`];
  return spawn('env', [...environment, process.execPath, ...preload, script, folder, videos], {
    // Its own process group, so that everything that it has started is killed with it.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function stepsTaken({ folder }: Scene): Promise<readonly string[]> {
  return (await readFile(join(folder, 'steps'), 'utf8')).split('\n').filter((line) => line !== '');
}

async function end(child: ChildProcess): Promise<number | string> {
  await once(child, 'close');
  return child.signalCode ?? child.exitCode ?? -1;
}

async function expectAllSaved({ folder, videos, names }: Scene): Promise<void> {
  const files = await readdir(videos);
  expect(files.toSorted()).toEqual(names.flatMap((name) => [`${name}.mkv`, `${name}.mp3`]).toSorted());
  for (const name of names) expect(await soundSeconds(join(videos, `${name}.mp3`))).toBeCloseTo(seconds, 1);
  expectAllKept(folder, names);
  // This computer's backend keeps no second copy.
  expect(await readdir(join(folder, 'backend', 'mp3s'))).toEqual([]);
  expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  expect(await processesIn(folder)).toEqual([]);
}

function expectAllKept(folder: string, names: readonly string[]): void {
  using database = openEntriesDatabase(join(folder, 'list.sqlite'));
  const saved = database.saved({ search: '', offset: 0, limit: 100 }).entries;
  expect(saved.map(({ source }) => source.fileName).toSorted()).toEqual(names.map((name) => `${name}.mkv`));
  expect(database.listed().length).toBe(names.length);
  expect(database.pendingCalls()).toEqual([]);
  expect(database.setAside).toBeUndefined();
}
