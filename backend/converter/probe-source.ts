import { AppError, isAppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { ProcessLimits } from './ffmpeg/containment.ts';
import { translateFailure } from './ffmpeg/ffmpeg-failure.ts';
import { sourceOptions, sourceUrl } from './ffmpeg/media-formats.ts';
import type { Ffmpeg } from './ffmpeg/run-ffmpeg.ts';
import { nothingDecodable, notMedia, readSourceFacts, type SourceFacts } from './source-facts.ts';

export interface ProbeRequest {
  readonly ffmpeg: Ffmpeg;
  /** Contains the source under its staged name. */
  readonly workFolder: string;
  /** Index among the audio tracks, from 0. Defaults to the track that is marked as default. */
  readonly track?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Generous even for a video of 20 GB on a slow disk: ffprobe reads only an index or the first megabytes. */
const probeLimits: ProcessLimits = { wallSeconds: 120, cpuSeconds: 60, memoryBytes: 2 ** 31, fileBytes: 0 };

/**
 * In these formats a track is known only from its first packet. ffprobe looks at the first 5 MB, but a video may start
 * with more than that without audio. The second probe searches as far as a person is likely to wait.
 */
const announcesLate = ['mpegts', 'mpeg', 'flv', 'live_flv'];
const farSearch = ['-probesize', '100M', '-analyzeduration', '120M'];

/**
 * Reads the facts of a staged source with ffprobe. Throws `not_media`, `no_audio`, `damaged`, `source_missing` or
 * `source_unreadable`. On an abort it throws the signal's reason.
 */
export async function probeSource(request: ProbeRequest): Promise<SourceFacts> {
  const json = await runProbe(request, []);
  try {
    return readSourceFacts(json, { track: request.track });
  } catch (error) {
    if (!isAppError(error, 'no_audio', 'damaged') || !announcesLate.some((name) => json.includes(`"${name}"`)))
      throw error;
  }
  const farther = await runProbe(request, farSearch);
  return readSourceFacts(farther, { track: request.track, searchOptions: farSearch });
}

async function runProbe({ ffmpeg, workFolder, signal }: ProbeRequest, search: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderrTail } = await ffmpeg.probe({
    workFolder,
    arguments: [
      ...['-hide_banner', '-loglevel', 'warning', ...sourceOptions, ...search],
      ...['-show_format', '-show_streams', '-of', 'json', sourceUrl],
    ],
    limits: probeLimits,
    ...(signal !== undefined && { signal }),
  });
  if (exitCode === 0) return stdout;
  throw refusal(exitCode, stderrTail);
}

/** Translates ffprobe's last log lines into an error. */
function refusal(exitCode: number, stderrTail: string): AppError {
  const cause = new Error(`ffprobe: exit code ${exitCode}\n${stderrTail}`.trimEnd());
  if (/moov atom not found/.test(stderrTail)) {
    return new AppError('not_media', sayShared('failIncomplete'), { cause });
  }
  // ffprobe finds a likely format even for a text file. If the score is low and the file cannot be read in that format,
  // it is not media.
  if (/Invalid data found| not on whitelist|detected only with low score/.test(stderrTail)) return notMedia(cause);
  if (/End of file|could not find codec parameters/i.test(stderrTail)) return nothingDecodable(cause);
  const end = { program: 'ffprobe', exitCode, signal: undefined, elapsedSeconds: 0 } as const;
  return translateFailure({ ...end, stderrTail, limits: probeLimits });
}
