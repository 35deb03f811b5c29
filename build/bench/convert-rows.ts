import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { video } from './bench-media.ts';
import { type Cost, measureCommand, measurePair } from './measure.ts';
import { type Figures, type Row, rounds } from './row.ts';

const root = join(import.meta.dirname, '..', '..');
const commandLine = join(root, 'desktop', 'cli', 'soundlift.mjs');

/** `soundlift convert`, started directly, without npm and set-up. */
export async function measureConvert(source: string, folder: string): Promise<Cost> {
  return await inFresh(folder, (target) =>
    measureCommand(process.execPath, [commandLine, 'convert', source, '-o', target]),
  );
}

/** What it is compared with: the same encoder with the same settings, alone. */
export async function measurePlainFfmpeg(source: string, folder: string): Promise<Cost> {
  return await inFresh(folder, (target) => measureCommand('ffmpeg', plainFfmpeg(source, join(target, 'out.mp3'))));
}

export function plainFfmpeg(source: string, target: string): readonly string[] {
  return ['-v', 'error', '-nostdin', '-i', source, '-vn', '-c:a', 'libmp3lame', '-q:a', '2', target];
}

async function inFresh(folder: string, work: (target: string) => Promise<Cost>): Promise<Cost> {
  const target = await mkdtemp(join(folder, 'run-'));
  try {
    return await work(target);
  } finally {
    await rm(target, { recursive: true });
  }
}

async function againstPlain(
  seconds: 10 | 600 | 1800,
  folder: string,
  holds: (ours: number, peer: number) => boolean,
): Promise<Figures> {
  const source = await video(seconds);
  // One unmeasured run first, so that neither side pays for reading the file from disk.
  await measurePlainFfmpeg(source, folder);
  const pair = await measurePair(
    rounds,
    () => measureConvert(source, folder),
    () => measurePlainFfmpeg(source, folder),
  );
  return { ...pair, holds: holds(pair.ours.wallSeconds, pair.peer.wallSeconds) };
}

const against = 'ffmpeg -i video -vn -c:a libmp3lame -q:a 2 out.mp3';

export const tenSeconds: Row = {
  name: 'ten-seconds',
  what: '10-second video, convert',
  against,
  limit: '≤ 0.8 s on top',
  measure: (folder) => againstPlain(10, folder, (ours, peer) => ours <= peer + 0.8),
};

export const tenMinutes: Row = {
  name: 'ten-minutes',
  what: '10-minute video, convert',
  against,
  limit: '≤ 1.10 × + 0.5 s',
  measure: (folder) => againstPlain(600, folder, (ours, peer) => ours <= 1.1 * peer + 0.5),
};

export const thirtyMinutes: Row = {
  name: 'thirty-minutes',
  what: '30-minute video, convert',
  against,
  limit: '≤ 1.10 ×',
  measure: (folder) => againstPlain(1800, folder, (ours, peer) => ours <= 1.1 * peer),
};

export const naive: Row = {
  name: 'naive',
  what: '10-minute video, convert',
  against: 'the whole file in memory, its sound as PCM through a pipe',
  async measure(folder) {
    const source = await video(600);
    const script = join(import.meta.dirname, 'naive-pipeline.ts');
    return await measurePair(
      rounds,
      () => measureConvert(source, folder),
      () => inFresh(folder, (target) => measureCommand(process.execPath, [script, source, join(target, 'out.mp3')])),
    );
  },
};
