import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConversionErrorCode } from '../../../shared/errors.ts';
import type { BrokenKind } from '../media/broken-media.ts';
import { openMediaFolder } from '../media/make-media.ts';

/** A file that cannot be converted, and the possible reasons. */
export interface BadSource {
  readonly what: string;
  readonly path: string;
  /** The allowed error codes. */
  readonly codes: readonly ConversionErrorCode[];
}

/** The files that the flow suite uploads; all absolute paths. */
export interface FlowMedia extends AsyncDisposable {
  /** A folder for more files. */
  readonly folder: string;
  /** `talkSeconds` of an MP4. */
  readonly talk: string;
  /** A few seconds in other containers. */
  readonly others: readonly string[];
  /** Long enough for a held ffmpeg. */
  readonly lecture: string;
  /** An MP4 with its index first, and half of it. */
  readonly whole: string;
  readonly half: string;
  readonly bad: readonly BadSource[];
}

export const talkSeconds = 5;
export const wholeSeconds = 28;
export const lectureSeconds = 30;

export async function makeFlowMedia(): Promise<FlowMedia> {
  await using opened = new AsyncDisposableStack();
  const media = opened.use(await openMediaFolder());
  const whole = { container: 'mp4-index-first', seconds: wholeSeconds } as const;
  const made = {
    folder: media.path,
    talk: await media.make({ container: 'mp4', seconds: talkSeconds }),
    others: [
      await media.make({ container: 'mkv', seconds: 4 }),
      await media.make({ container: 'webm', seconds: 3 }),
      await media.make({ container: 'avi', seconds: 3 }),
    ],
    lecture: await media.make({ container: 'mkv', seconds: lectureSeconds, audio: [{ codec: 'flac' }] }),
    whole: await media.make(whole),
    half: await media.make({ ...whole, cutAt: 0.5 }),
    bad: [
      ...(await Promise.all(
        badKinds.map(async ({ kind, ...bad }) => ({ ...bad, path: await media.makeBroken(kind) })),
      )),
      { what: 'nothing but zeros', path: await makeZeros(media.path), codes: ['not_media'] } as const,
    ],
  };
  const kept = opened.move();
  return { ...made, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Too many zeros to be searched one by one. */
async function makeZeros(folder: string): Promise<string> {
  const path = join(folder, 'zeros.mp4');
  await writeFile(path, '');
  await truncate(path, 100_000_000);
  return path;
}

const badKinds = [
  { what: 'an empty file', kind: 'empty', codes: ['not_media'] },
  { what: 'a text', kind: 'text', codes: ['not_media'] },
  { what: 'an image', kind: 'image', codes: ['not_media'] },
  { what: 'an MP4 cut before its index', kind: 'mp4-cut-before-its-index', codes: ['not_media'] },
  { what: 'a video without an audio track', kind: 'no-audio-track', codes: ['no_audio'] },
  { what: 'a video whose audio track is empty', kind: 'zero-length-audio', codes: ['no_audio', 'damaged'] },
  { what: 'an audio file without audio', kind: 'zero-length-wav', codes: ['no_audio', 'damaged'] },
] as const satisfies readonly { what: string; kind: BrokenKind; codes: readonly ConversionErrorCode[] }[];
