import { AppError, isAppError } from '../../shared/errors.ts';
import type { ProcessLimits } from './ffmpeg/containment.ts';
import { translateFailure } from './ffmpeg/ffmpeg-failure.ts';
import { sourceOptions, sourceUrl } from './ffmpeg/media-formats.ts';
import type { Ffmpeg } from './ffmpeg/run-ffmpeg.ts';
import { nothingDecodable, notMedia, readSourceFacts, type SourceFacts } from './source-facts.ts';

export interface ProbeRequest {
  readonly ffmpeg: Ffmpeg;
  /** Holds the source under its staged name. */
  readonly workFolder: string;
  /** Index among the audio tracks; left out, the one that is marked default. */
  readonly track?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Generous for a film of 20 GB on a slow disk: what is read is an index, or the first megabytes. */
const probeLimits: ProcessLimits = { wallSeconds: 120, cpuSeconds: 60, memoryBytes: 2 ** 31, fileBytes: 0 };

/**
 * Formats that announce a track only by its first packet. ffprobe looks at 5 MB by itself, which a film that begins without
 * sound outlasts; the second look goes as far as a person's patience.
 */
const announcesLate = ['mpegts', 'mpeg', 'flv', 'live_flv'];
const farSearch = ['-probesize', '100M', '-analyzeduration', '120M'];

/**
 * Looks into a staged source. Throws `not_media`, `no_audio`, `damaged`, `source_missing` or `source_unreadable`; an abort
 * throws the signal's reason.
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

/** What ffprobe's last words mean. */
function refusal(exitCode: number, stderrTail: string): AppError {
  const cause = new Error(`ffprobe: exit code ${exitCode}\n${stderrTail}`.trimEnd());
  if (/moov atom not found/.test(stderrTail)) {
    const message = 'This video is incomplete: the index at its end, without which nothing can be read, is missing.';
    return new AppError('not_media', message, { cause });
  }
  // Of a text, too, some format is the likeliest. Guessed with a low score and not readable as that, it is none.
  if (
    /Invalid data found|Format not on whitelist|Protocol .* not on whitelist|detected only with low score/.test(
      stderrTail,
    )
  )
    return notMedia(cause);
  if (/End of file|could not find codec parameters/i.test(stderrTail)) return nothingDecodable(cause);
  const end = { program: 'ffprobe', exitCode, signal: undefined, elapsedSeconds: 0 } as const;
  return translateFailure({ ...end, stderrTail, limits: probeLimits });
}
