import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConvertedFile, convertFile } from '../../converter/convert-file.ts';
import { convertLimits } from '../../converter/convert-limits.ts';
import { locateFfmpeg } from '../../converter/ffmpeg/locate-ffmpeg.ts';
import { openFfmpeg } from '../../converter/ffmpeg/run-ffmpeg.ts';
import { openMediaFolder } from '../media/make-media.ts';
import type { CorpusEntry } from './corpus-entry.ts';

/** Opens a folder of media and the real converter, without the services around it. */
export async function openMediaConverter() {
  const media = await openMediaFolder();
  const ffmpeg = await openFfmpeg(await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' }));
  const limits = convertLimits({ maxDurationSeconds: 60 });

  /** Converts into a new folder, which is removed when the MP3 is disposed of. */
  async function convert(
    sourcePath: string,
    options: CorpusEntry['options'] = {},
  ): Promise<ConvertedFile & AsyncDisposable> {
    const workFolder = await mkdtemp(join(media.path, 'work-'));
    const request = { ffmpeg, sourcePath, workFolder, limits };
    const converted = await convertFile({ ...request, options: { format: 'mp3', ...options } });
    return { ...converted, [Symbol.asyncDispose]: () => rm(workFolder, { recursive: true }) };
  }

  return { media, convert, [Symbol.asyncDispose]: () => media[Symbol.asyncDispose]() };
}
export type MediaConverter = Awaited<ReturnType<typeof openMediaConverter>>;
