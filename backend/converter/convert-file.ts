import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownWarning, Track } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { OutputOptions } from '../../shared/formats.ts';
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
import { nothingDecodable, type SourceFacts } from './source-facts.ts';
import { stageSource } from './stage-source.ts';

export interface ConvertRequest {
  readonly ffmpeg: Ffmpeg;
  /** Only read, whatever comes. */
  readonly sourcePath: string;
  /** Absolute path of a folder of this conversion's own. The caller removes it. */
  readonly workFolder: string;
  readonly options: OutputOptions;
  readonly limits: ConvertLimits;
  /** Told once, before anything is decoded. */
  readonly onSource?: (source: ReadSource) => void | Promise<void>;
  /** At most 5 times a second. */
  readonly onProgress?: (progress: ConvertProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ReadSource {
  readonly tracks: readonly Track[];
  /** Of the chosen track, as far as the source says. */
  readonly durationSeconds?: number;
}

/** A finished MP3 that is what it says it is. */
export interface ConvertedFile {
  /** Absolute path, in the work folder. */
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly durationSeconds: number;
  /** Up to 400, 0–255, evenly over the sound. */
  readonly peaks: readonly number[];
  readonly warnings: readonly KnownWarning[];
}

/**
 * Turns the sound of a file into an MP3: looks into the source, encodes in one pass, and holds the MP3 against what was decoded.
 * Throws an AppError: `not_media`, `no_audio`, `damaged`, `too_long`, `timed_out` or `converter_failed` for what cannot be converted,
 * `source_missing` or `source_unreadable`, `disk_full`; an abort throws the signal's reason. It settles only when none of
 * its processes is left.
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
    if (pass.samples === 0) throw nothingHeard(pass);
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
    await rm(path, { force: true });
    throw error;
  }
}

/**
 * Holds the MP3 against what was decoded, and that against what the source promised: what is missing at its end and inside.
 * Throws `converter_failed` where sound was decoded that is not in the MP3.
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
  // Up to 46 samples more are ffmpeg's: it writes no more padding than a frame and 529 samples, and LAME sometimes makes more
  // (measured with 5.1: where less than 47 samples are left for the last frame of 576, or there are no more in all).
  if (mp3.sampleRate !== pass.sampleRate || lostSamples <= -mp3.samplesPerFrame) throw anotherLength(mp3, pass);

  const source = { path: join(workFolder, sourceName), bytes: found.sourceBytes };
  const cutShort = await findCutShort(facts.probe, source, heardSeconds);
  if (pass.lossLines === 0 && lostSamples <= 0) return cutShort === undefined ? [] : [cutShort];

  const again = await listenAgain({ ffmpeg, workFolder, facts, limits: passLimits(limits, heardSeconds), signal });
  // Where the sound changes its format, ffmpeg 5.1 begins a new filter and drops what the old one had not yet made a frame of.
  if (lostSamples > again.formatChanges * mp3.samplesPerFrame) throw anotherLength(mp3, pass);
  // What is missing in the middle is not missing at the end.
  const reallyCutShort = cutShort && (await findCutShort(facts.probe, source, again.spanSeconds));
  // The packet that a file breaks off in is no gap, though decoders that look ahead (WMA) give one more frame after it.
  const gaps = reallyCutShort && isAtTheEnd(again.gaps, heardSeconds) ? undefined : again.gaps;
  return [reallyCutShort, gaps].filter((warning) => warning !== undefined);
}

/** Of any codec's frame: 8192 samples at 44.1 kHz. */
const longestFrameSeconds = 0.2;

function isAtTheEnd(gaps: GapsWarning | undefined, heardSeconds: number): boolean {
  return gaps?.count === 1 && heardSeconds - gaps.atSeconds < longestFrameSeconds;
}

interface Pass {
  /** That were decoded, at the MP3's sample rate. */
  readonly samples: number;
  readonly sampleRate: number;
  readonly peaks: readonly number[];
  /** How many lines of its log told of loss. */
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
      // Whatever the source said of its length.
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
  return new AppError('converter_failed', 'The MP3 came out with another length than the sound.', {
    cause: new Error(
      `${samples} samples at ${sampleRate} Hz decoded, ${mp3.samples} at ${mp3.sampleRate} Hz in the MP3`,
    ),
  });
}

function nothingHeard({ firstLoss }: Pass): AppError {
  if (firstLoss !== undefined) return nothingDecodable(new Error(firstLoss));
  return new AppError('no_audio', sayShared('failEmptyTrack'));
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
