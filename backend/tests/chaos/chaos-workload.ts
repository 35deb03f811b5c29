import { randomUUID } from 'node:crypto';
import type { MediaFolder } from '../media/make-media.ts';
import type { SeededRandom } from '../stress/seeded-random.ts';

/** A video, and how its conversion must end: `done`, or the code of its failure. */
export interface ChaosSource {
  readonly path: string;
  readonly end: 'done' | 'not_media' | 'no_audio';
  /** Whether its upload takes several chunks, and its conversion can be held. */
  readonly large: boolean;
}

/** One video that a person sends. */
export interface ChaosJob {
  readonly person: number;
  readonly source: ChaosSource;
  readonly fileName: string;
  /** `form` is a single request, which cannot be resumed. */
  readonly way: 'resumable' | 'form';
  /** Names a resumable upload, so that its creation can be repeated. */
  readonly key: string;
  readonly batch?: { readonly batchId: string; readonly batchSize: number };
}

export const persons = 5;

export async function makeChaosSources(media: MediaFolder): Promise<readonly ChaosSource[]> {
  const good = await Promise.all([
    media.make({ container: 'mp4', seconds: 3 }),
    media.make({ container: 'webm', seconds: 8 }),
    media.make({ container: 'mp4-index-first', seconds: 60 }),
  ]);
  const large = await Promise.all([
    media.make({ container: 'wav', seconds: 25 }),
    media.make({ container: 'mkv', seconds: 90, audio: [{ codec: 'flac' }] }),
    media.make({ container: 'wav', seconds: 60 }),
  ]);
  const text = await media.makeBroken('text');
  const silent = await media.makeBroken('no-audio-track');
  return [
    ...good.map((path) => ({ path, end: 'done', large: false }) as const),
    ...large.map((path) => ({ path, end: 'done', large: true }) as const),
    { path: text, end: 'not_media', large: false },
    { path: silent, end: 'no_audio', large: false },
  ];
}

/** Jobs in a random order. Of seven that follow each other, three are a batch. */
export function planJobs(count: number, sources: readonly ChaosSource[], random: SeededRandom): readonly ChaosJob[] {
  const jobs: ChaosJob[] = [];
  while (jobs.length < count) {
    const person = jobs.length % persons;
    const size = jobs.length % 7 === 3 && jobs.length + 3 <= count ? 3 : 1;
    const batch = size === 1 ? {} : { batch: { batchId: randomUUID(), batchSize: size } };
    for (let member = 0; member < size; member += 1) {
      const way = size === 1 && random.fraction() < 0.15 ? 'form' : 'resumable';
      jobs.push({ ...makeJob(person, random.pick(sources), way), ...batch });
    }
  }
  return jobs;
}

let made = 0;

export function makeJob(person: number, source: ChaosSource, way: ChaosJob['way'] = 'resumable'): ChaosJob {
  made += 1;
  return { person, source, way, fileName: `video ${made}.mp4`, key: randomUUID() };
}
