import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { copyFile, mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type BrokenKind, type BrokenRecipe, brokenMedia } from './broken-media.ts';
import { type ContainerRecipe, containers } from './containers.ts';
import { type MediaRecipe, mediaArguments } from './media-recipe.ts';

const run = promisify(execFile);

/** A folder of media for one test file. Its files stay until it is disposed of. */
export interface MediaFolder extends AsyncDisposable {
  /** Absolute path. */
  readonly path: string;
  /** Returns the path of a file made from this recipe, always the same one. It must not be written to. */
  make(recipe: MediaRecipe): Promise<string>;
  /** Returns the path of a file that cannot be converted. */
  makeBroken(kind: BrokenKind): Promise<string>;
}

export async function openMediaFolder(): Promise<MediaFolder> {
  const path = await mkdtemp(join(tmpdir(), 'soundlift-media-'));
  const made = new Map<string, Promise<string>>();
  const makeOnce = (key: string, extension: string, write: (target: string) => Promise<void>): Promise<string> => {
    const name = `${createHash('sha256').update(key).digest('hex').slice(0, 16)}.${extension}`;
    const known = made.get(name);
    if (known !== undefined) return known;
    const target = join(path, name);
    const making = write(target).then(() => target);
    made.set(name, making);
    return making;
  };

  const make = ({ cutAt, editedFrom, ...whole }: MediaRecipe): Promise<string> => {
    const container: ContainerRecipe = containers[whole.container];
    const key = JSON.stringify({ cutAt, editedFrom, ...whole });
    return makeOnce(key, container.extension, async (target) => {
      if (cutAt !== undefined) {
        const source = await make({ ...whole, ...(editedFrom !== undefined && { editedFrom }) });
        await copyFile(source, target);
        await truncate(target, Math.floor((await stat(source)).size * cutAt));
      } else if (editedFrom !== undefined) {
        const copy = [
          '-ss',
          `${editedFrom}`,
          '-i',
          await make(whole),
          '-map',
          '0',
          '-c',
          'copy',
          ...container.arguments,
        ];
        await writeMedia(copy, target, container);
      } else {
        const cover = whole.cover && (await makeOnce(whole.cover, whole.cover, (file) => writeCover(file)));
        await writeMedia(mediaArguments(whole, cover), target, container);
      }
    });
  };

  const makeBroken = (kind: BrokenKind): Promise<string> => {
    const broken: BrokenRecipe = brokenMedia[kind];
    const { recipe, write } = broken;
    return recipe === undefined ? makeOnce(kind, broken.extension, async (target) => write?.(target)) : make(recipe);
  };

  return {
    path,
    make,
    makeBroken,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

async function writeMedia(flags: readonly string[], target: string, container: ContainerRecipe): Promise<void> {
  const start = ['-hide_banner', '-v', 'error', '-nostdin'];
  if (container.live !== true) {
    await run('ffmpeg', [...start, ...flags, target]);
    return;
  }
  const child = spawn('ffmpeg', [...start, ...flags, 'pipe:1'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.all([pipeline(child.stdout, createWriteStream(target)), exitOf(child)]);
}

async function writeCover(target: string): Promise<void> {
  await run('ffmpeg', [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'testsrc2=s=64x64',
    '-frames:v',
    '1',
    '-f',
    'image2',
    target,
  ]);
}

async function exitOf(child: ChildProcess): Promise<void> {
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}
