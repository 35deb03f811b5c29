import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConvertedFile, ConvertRequest } from '../../converter/convert-file.ts';
import { startConverter } from '../../converter/handle-convert.ts';
import { startNotifier } from '../../notifier/notifier.ts';
import { type Conversions, type ConversionsParts, createConversions } from '../all-sides.ts';
import type { Activity, Stepper } from './stepped.ts';

/** One complete set of services. */
export interface RunningSet {
  readonly conversions: Conversions;
  readonly stepper: Stepper;
  readonly activity: Activity;
}

export interface SetParts {
  /** Shared with the other set. */
  readonly parts: ConversionsParts;
  readonly stepper: Stepper;
  readonly activity: Activity;
  /** Absolute path of the converter's own folder; made here. */
  readonly workFolder: string;
}

/** Starts a set, with a place for one conversion at a time. It stops with `running`. */
export async function startSet(
  { parts, stepper, activity, workFolder }: SetParts,
  running: AsyncDisposableStack,
): Promise<RunningSet> {
  await mkdir(workFolder);
  const stepped: ConversionsParts = {
    ...parts,
    store: stepper.stepped(parts.store),
    notifications: stepper.stepped(parts.notifications),
    leases: stepper.stepped(parts.leases),
    videos: stepper.stepped(parts.videos),
    mp3s: stepper.stepped(parts.mp3s),
  };
  const conversions = createConversions(stepped);
  running.defer(() => conversions.close());
  const notifier = await startNotifier({
    ...stepped,
    batches: conversions.batches,
  });
  running.defer(() => notifier.stop());
  const converter = await startConverter({
    ...stepped,
    work: conversions.work,
    places: 1,
    workFolder,
    convert: (request) => activity.during(() => convert(request, () => activity.aside(stepper.step))),
    whenFull: 'wait',
    room: async () => 1,
  });
  running.defer(() => converter.stop());
  return { conversions, stepper, activity };
}

/** Stands for ffmpeg: the MP3 tells which bytes the video had. */
async function convert(
  { sourcePath, workFolder, onSource, onProgress }: Omit<ConvertRequest, 'ffmpeg' | 'limits'>,
  step: () => Promise<void>,
): Promise<ConvertedFile> {
  const video = await readFile(sourcePath);
  await step();
  await onSource?.({ tracks: [{ index: 0, codec: 'aac', channels: 2 }] });
  onProgress?.({ progress: 0.5 });
  await step();
  const mp3 = mp3Of(video);
  const path = join(workFolder, 'out.mp3');
  await writeFile(path, mp3);
  await step();
  return {
    path,
    bytes: mp3.byteLength,
    sha256: sha256(mp3),
    durationSeconds: 1,
    peaks: [],
    warnings: [],
  };
}

export function mp3Of(video: Uint8Array): Buffer {
  return Buffer.from(`the MP3 of ${video.byteLength} bytes ${sha256(video)}`);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
