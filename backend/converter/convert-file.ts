import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownWarning, Track } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import { trackFailureSentence } from '../../shared/words/failure-sentence.ts';
import { spokenDuration } from '../../shared/words/measures.ts';
import { sayShared } from '../../shared/words/say.ts';
import { type ConvertLimits, passLimits } from './convert-limits.ts';
import { findCutShort } from './declared-duration/declared-duration.ts';
import { parseLogLine, tellsOfLoss } from './ffmpeg/ffmpeg-log.ts';
import { type ConvertProgress, createProgressMeter } from './ffmpeg/ffmpeg-progress.ts';
import { sourceName } from './ffmpeg/media-formats.ts';
import type { Ffmpeg } from './ffmpeg/run-ffmpeg.ts';
import { type GapsWarning, listenAgain } from './listen-again.ts';
import { convertArguments, mp3Name, mp3SampleRate } from './outputs/mp3/mp3-arguments.ts';
import { type Mp3Facts, walkMp3 } from './outputs/mp3/mp3-walk.ts';
import { PeakCollector } from './peaks.ts';
import { probeSource } from './probe-source.ts';
import type { SourceFacts } from './source-facts.ts';
import { stageSource } from './stage-source.ts';

export interface ConvertRequest {
  readonly ffmpeg: Ffmpeg;
  /** Is only read, never changed. */
  readonly sourcePath: string;
  /** Absolute path of a folder that only this conversion uses. The caller removes it. */
  readonly workFolder: string;
  readonly options: OutputOptions;
  readonly limits: ConvertLimits;
  /** Called once, before anything is decoded. */
  readonly onSource?: (source: ReadSource) => void | Promise<void>;
  /** Called at most 5 times a second. */
  readonly onProgress?: (progress: ConvertProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ReadSource {
  readonly tracks: readonly Track[];
  /** Duration of the chosen track, if the source states it. */
  readonly durationSeconds?: number;
}

/** A finished and verified MP3. */
export interface ConvertedFile {
  /** Absolute path, in the work folder. */
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly durationSeconds: number;
  /** Up to 400 values of 0–255, evenly spaced over the audio. */
  readonly peaks: readonly number[];
  readonly warnings: readonly KnownWarning[];
}

/**
 * Converts the audio of a file into an MP3: probes the source, encodes in one pass, and compares the MP3 with what was
 * decoded. Throws an AppError: `not_media`, `no_audio`, `damaged`, `too_long`, `timed_out` or `converter_failed` if the
 * file cannot be converted, and `source_missing`, `source_unreadable` or `disk_full`. On an abort it throws the
 * signal's reason. It settles only after all of its processes have ended.
 */
export async function convertFile(request: ConvertRequest): Promise<ConvertedFile> {
  const { ffmpeg, workFolder, options, limits, signal } = request;
  signal?.throwIfAborted();
  const path = join(workFolder, mp3Name);
  try {
    const sourceBytes = await stageSource(request.sourcePath, workFolder);
    const facts = await probeSource({ ffmpeg, workFolder, track: options.track, signal });
    refuseTooLong(facts, limits);
    const { tracks, durationSeconds } = facts;
    await request.onSource?.({ tracks, ...(durationSeconds !== undefined && { durationSeconds }) });

    const pass = await encode(request, facts);
    if (pass.samples === 0) throw nothingHeard(pass, tracks.length);
    const mp3 = await walkMp3(path, signal);
    const warnings = await judge({ request, facts, sourceBytes, pass, mp3 });
    return {
      path,
      bytes: mp3.bytes,
      sha256: mp3.sha256,
      durationSeconds: mp3.samples / mp3.sampleRate,
      peaks: pass.peaks,
      warnings,
    };
  } catch (error) {
    // The caller removes the whole folder anyway.
    await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Compares the MP3 with the decoded audio, and the decoded audio with what the source states. Returns warnings for
 * audio that is missing at the end or inside. Throws `converter_failed` if the MP3 lacks audio that was decoded.
 */
async function judge(found: {
  readonly request: ConvertRequest;
  readonly facts: SourceFacts;
  readonly sourceBytes: number;
  readonly pass: Pass;
  readonly mp3: Mp3Facts;
}): Promise<readonly KnownWarning[]> {
  const { facts, pass, mp3 } = found;
  const { ffmpeg, workFolder, limits, signal } = found.request;
  const heardSeconds = pass.samples / pass.sampleRate;
  const lostSamples = pass.samples - mp3.samples;
  // ffmpeg may add up to 46 samples: it writes no more padding than a frame and 529 samples, and LAME sometimes makes
  // more (measured with 5.1: if less than 47 samples are left for the last frame of 576, or there are no more in all).
  if (mp3.sampleRate !== pass.sampleRate || lostSamples <= -mp3.samplesPerFrame) throw anotherLength(mp3, pass);

  const source = { path: join(workFolder, sourceName), bytes: found.sourceBytes };
  const cutShort = await findCutShort(facts.probe, source, heardSeconds);
  if (pass.lossLines === 0 && lostSamples <= 0) return cutShort === undefined ? [] : [cutShort];

  const again = await listenAgain({ ffmpeg, workFolder, facts, limits: passLimits(limits, heardSeconds), signal });
  // When the audio format changes, ffmpeg 5.1 starts a new filter and drops the samples for which the old one has not
  // yet made a frame.
  if (lostSamples > again.formatChanges * mp3.samplesPerFrame) throw anotherLength(mp3, pass);
  // Audio that is missing in the middle is not missing at the end.
  const reallyCutShort = cutShort && (await findCutShort(facts.probe, source, again.spanSeconds));
  // The incomplete packet at the end of a cut file is not a gap. Decoders that look ahead (WMA) still give one more
  // frame after it.
  const gaps = reallyCutShort && isAtTheEnd(again.gaps, heardSeconds) ? undefined : again.gaps;
  return [reallyCutShort, gaps].filter((warning) => warning !== undefined);
}

/** The longest frame of any codec: 8192 samples at 44.1 kHz. */
const longestFrameSeconds = 0.2;

function isAtTheEnd(gaps: GapsWarning | undefined, heardSeconds: number): boolean {
  return gaps?.count === 1 && heardSeconds - gaps.atSeconds < longestFrameSeconds;
}

interface Pass {
  /** Decoded samples, at the MP3's sample rate. */
  readonly samples: number;
  readonly sampleRate: number;
  readonly peaks: readonly number[];
  /** The number of log lines that report loss. */
  readonly lossLines: number;
  readonly firstLoss: string | undefined;
}

const bytesPerSample = 2;

async function encode(request: ConvertRequest, facts: SourceFacts): Promise<Pass> {
  const { ffmpeg, workFolder, options, limits, onProgress, signal } = request;
  const sampleRate = mp3SampleRate(facts.track.sampleRate);
  const collector = new PeakCollector();
  const meter = createProgressMeter(facts.durationSeconds, nowSeconds());
  let bytes = 0;
  let lossLines = 0;
  let firstLoss: string | undefined;

  await ffmpeg.run({
    workFolder,
    commandLine: convertArguments(options, facts),
    limits: passLimits(limits, facts.durationIsStated ? facts.durationSeconds : undefined),
    onSound(chunk) {
      bytes += chunk.length;
      collector.add(chunk);
      const doneSeconds = bytes / bytesPerSample / sampleRate;
      // Checked even if the source stated a shorter duration.
      if (doneSeconds > limits.maxDurationSeconds) throw tooLong(limits);
      const progress = meter.measure(doneSeconds, nowSeconds());
      if (progress !== undefined) onProgress?.(progress);
    },
    onLine(line) {
      const parsed = parseLogLine(line);
      if (parsed === undefined || !tellsOfLoss(parsed, facts.otherCodecs)) return;
      lossLines += 1;
      firstLoss ??= line;
    },
    ...(signal !== undefined && { signal }),
  });
  return { samples: bytes / bytesPerSample, sampleRate, peaks: collector.peaks(), lossLines, firstLoss };
}

function anotherLength(mp3: Mp3Facts, { samples, sampleRate }: Pass): AppError {
  return new AppError('converter_failed', sayShared('failMp3Length'), {
    cause: new Error(
      `${samples} samples at ${sampleRate} Hz decoded, ${mp3.samples} at ${mp3.sampleRate} Hz in the MP3`,
    ),
  });
}

function nothingHeard({ firstLoss }: Pass, tracks: number): AppError {
  const code = firstLoss === undefined ? 'no_audio' : 'damaged';
  const sentence =
    trackFailureSentence(code, tracks) ?? sayShared(firstLoss === undefined ? 'failEmptyTrack' : 'failDamaged');
  return new AppError(code, sentence, firstLoss === undefined ? {} : { cause: new Error(firstLoss) });
}

function refuseTooLong({ durationSeconds, durationIsStated }: SourceFacts, limits: ConvertLimits): void {
  if (durationIsStated && durationSeconds !== undefined && durationSeconds > limits.maxDurationSeconds) {
    throw tooLong(limits);
  }
}

function tooLong({ maxDurationSeconds }: ConvertLimits): AppError {
  const sentence = sayShared('failTooLongAllowed', { limit: spokenDuration(maxDurationSeconds) });
  return new AppError('too_long', sentence, {
    details: { limitSeconds: maxDurationSeconds },
  });
}

function nowSeconds(): number {
  return performance.now() / 1000;
}
