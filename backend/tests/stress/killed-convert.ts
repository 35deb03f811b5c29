import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { soundSeconds } from '../flow/mp3-facts.ts';
import { openMediaFolder } from '../media/make-media.ts';
import { processesIn } from '../running/processes.ts';
import { commandLineEntry } from '../running/server-process.ts';
import { waitUntil } from '../running/wait-until.ts';
import { deadlyStep } from './deadly-step.ts';

const seconds = 20;

/** Kills `soundlift convert` at its steps. */
export interface KilledConvert extends AsyncDisposable {
  /** The number of its steps that outlive the process. */
  count(): Promise<number>;
  /**
   * Kills it before that step, with all processes that it started. Then converts again, and expects only whole MP3s in
   * the videos' folder and an empty temporary folder. Resolves with the step at which it was killed.
   */
  killAt(step: number): Promise<string>;
}

export async function openKilledConvert(): Promise<KilledConvert> {
  await using opened = new AsyncDisposableStack();
  const media = opened.use(await openMediaFolder());
  const video = await media.make({ container: 'mkv', seconds, audio: [{ codec: 'flac' }] });
  const kept = opened.move();
  return {
    count: () =>
      inScene(video, async (scene) => {
        await convert(scene, Number.MAX_SAFE_INTEGER);
        return (await stepsTaken(scene)).length;
      }),
    killAt: (step) =>
      inScene(video, async (scene) => {
        expect(await convert(scene, step)).toBe('SIGKILL');
        const killedBefore = deadlyStep(await stepsTaken(scene), step);
        await convertAgain(scene).catch((cause: unknown) => {
          throw new Error(`after a kill before step ${killedBefore}`, { cause });
        });
        return killedBefore;
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Scene {
  readonly folder: string;
  readonly videos: string;
  readonly temporary: string;
  readonly stepLog: string;
}

async function inScene<Result>(video: string, play: (scene: Scene) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-killed-'));
  const scene: Scene = {
    folder,
    videos: join(folder, 'videos'),
    temporary: join(folder, 'tmp'),
    stepLog: join(folder, 'steps'),
  };
  try {
    await Promise.all([mkdir(scene.videos), mkdir(scene.temporary)]);
    await copyFile(video, join(scene.videos, 'talk.mkv'));
    return await play(scene);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Resolves with the exit code or the signal, after all processes that it started have ended. */
async function convert(scene: Scene, dieAt: number): Promise<number | string> {
  const preload = import.meta.resolve('./die-at-step.ts');
  const child = spawn(
    process.execPath,
    ['--import', preload, commandLineEntry, 'convert', join(scene.videos, 'talk.mkv')],
    {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, TMPDIR: scene.temporary, DIE_AT_STEP: String(dieAt), STEP_LOG: scene.stepLog },
    },
  );
  const [code, signal] = await once(child, 'close');
  await waitUntil('its processes have ended', async () => (await processesIn(scene.folder)).length === 0);
  return signal ?? code;
}

async function stepsTaken({ stepLog }: Scene): Promise<readonly string[]> {
  return (await readFile(stepLog, 'utf8')).split('\n').filter((line) => line !== '');
}

async function convertAgain(scene: Scene): Promise<void> {
  expect(await convert(scene, Number.MAX_SAFE_INTEGER)).toBe(0);
  expect(await readdir(scene.temporary)).toEqual([]);
  expect(await processesIn(scene.folder)).toEqual([]);
  const names = (await readdir(scene.videos)).toSorted();
  // A convert that was killed after its MP3 was saved has left the MP3, and an existing file is never overwritten.
  const whole = ['talk.mkv', 'talk.mp3'];
  expect(names.length === 3 ? names : whole).toEqual(names.length === 3 ? ['talk (1).mp3', ...whole] : names);
  for (const name of names) expect(await soundSeconds(join(scene.videos, name))).toBeCloseTo(seconds, 1);
}
