import { z } from 'zod';
import type { Track } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import { failure } from '../../shared/words/failure-sentence.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { TrackProbe } from './declared-duration/declared-duration.ts';

/** The tags that are copied from the source into the MP3. */
export type SourceTags = Readonly<Partial<Record<(typeof keptTags)[number], string>>>;

const keptTags = ['title', 'artist', 'album', 'date'] as const;
/** Longer tags are cut. Nobody needs a longer title, and each tag must fit on ffmpeg's command line. */
const maxTagCharacters = 1000;

/** The track that is converted. */
export interface ChosenTrack {
  /** Index among the audio tracks, from 0. */
  readonly index: number;
  /** ffmpeg's name for the codec. */
  readonly codec: string;
  /** In hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** False if the source gives the number of channels but not their positions. */
  readonly hasLayout: boolean;
}

/** What the headers of a source say, before anything is decoded. */
export interface SourceFacts {
  /** The first of ffmpeg's names for the container: `mov`, `matroska`, `mpegts`, … */
  readonly container: string;
  readonly tracks: readonly Track[];
  readonly track: ChosenTrack;
  /** Duration of the chosen track as stated. The real duration is known only after decoding. */
  readonly durationSeconds?: number;
  /** False if ffprobe estimated the duration from a bitrate. */
  readonly durationIsStated: boolean;
  /** A cover picture in a format that an MP3 can hold. */
  readonly cover?: { readonly streamIndex: number };
  readonly tags: SourceTags;
  /** Codecs of the other streams. ffmpeg's complaints under these names do not concern the audio. */
  readonly otherCodecs: readonly string[];
  /** Options that ffmpeg needs to find the same streams as ffprobe did. */
  readonly searchOptions: readonly string[];
  /** The part of ffprobe's answer that `declared-duration` reads. */
  readonly probe: TrackProbe;
}

const tagsSchema = z.record(z.string(), z.string()).default({});
/** ffprobe writes most numbers as strings and omits what it does not know. */
const streamSchema = z.object({
  index: z.int(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  sample_rate: z.coerce.number().optional(),
  channels: z.int().optional(),
  channel_layout: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  start_time: z.string().optional(),
  duration: z.string().optional(),
  time_base: z.string().optional(),
  nb_frames: z.string().optional(),
  disposition: z.record(z.string(), z.number()).default({}),
  tags: tagsSchema,
});
type Stream = z.infer<typeof streamSchema>;

const probeSchema = z.object({
  streams: z.array(streamSchema).default([]),
  format: z.object({
    format_name: z.string(),
    probe_score: z.number().default(100),
    start_time: z.string().optional(),
    duration: z.string().optional(),
    tags: tagsSchema,
  }),
});
type Probe = z.infer<typeof probeSchema>;

/** ffmpeg's score for a file that might be an MP3. Some random bytes reach it too. */
const coincidenceScore = 1;

/**
 * Reads the output of `ffprobe -show_format -show_streams -of json`. `track` is the index that the person chose. Throws
 * `not_media`, `no_audio` (also if the chosen track does not exist) or `damaged`.
 */
export function readSourceFacts(
  json: string,
  {
    track: wanted,
    searchOptions = [],
  }: { readonly track?: number | undefined; readonly searchOptions?: readonly string[] } = {},
): SourceFacts {
  const { format, streams } = parseProbe(json);
  if (format.probe_score <= coincidenceScore) throw notMedia();
  const audio = streams.filter((stream) => stream.codec_type === 'audio');
  const tracks = audio.map(describeTrack);
  const index = wanted ?? defaultIndex(audio);
  const stream = audio[index];
  if (stream === undefined) throw noSuchTrack(wanted, tracks);
  if (stream.codec_name === undefined) {
    throw new AppError('damaged', sayShared('failAudioFormat'));
  }
  if (!stream.sample_rate || !stream.channels) throw nothingDecodable();

  const container = format.format_name.split(',')[0] ?? '';
  const durationSeconds = durationOf(stream, format);
  const cover = streams.find(isCover);
  return {
    container,
    tracks,
    track: {
      index,
      codec: stream.codec_name,
      sampleRate: stream.sample_rate,
      channels: stream.channels,
      hasLayout: stream.channel_layout !== undefined && stream.channel_layout !== 'unknown',
    },
    ...(durationSeconds !== undefined && { durationSeconds }),
    durationIsStated: !bareStreams.includes(container),
    ...(cover !== undefined && { cover: { streamIndex: cover.index } }),
    tags: tagsOf(format.tags, stream.tags, audio.length === 1),
    otherCodecs: streams.flatMap(({ codec_name: codec }) => (codec && codec !== stream.codec_name ? [codec] : [])),
    searchOptions,
    probe: { format, track: stream },
  };
}

export function notMedia(cause?: unknown): AppError {
  return failure('not_media', { cause });
}

export function nothingDecodable(cause?: unknown): AppError {
  return failure('damaged', { cause });
}

function parseProbe(json: string): Probe {
  try {
    return probeSchema.parse(JSON.parse(json));
  } catch (error) {
    throw notMedia(error);
  }
}

function describeTrack({ codec_name, channels, tags }: Stream, index: number): Track {
  const language = lookUp(tags, 'language');
  const title = lookUp(tags, 'title');
  return {
    index,
    codec: codec_name ?? 'unknown',
    channels: channels ?? 0,
    // "und" means "undetermined" in Matroska and MP4.
    ...(language !== undefined && language !== 'und' && { language }),
    ...(title !== undefined && { title }),
  };
}

/**
 * The first track that is marked as default, otherwise the first. A track with an unknown codec is taken only if there
 * is no other.
 */
function defaultIndex(audio: readonly Stream[]): number {
  const decodable = audio.filter((stream) => stream.codec_name !== undefined);
  const candidates = decodable.length > 0 ? decodable : audio;
  const marked = candidates.find((stream) => stream.disposition['default'] === 1) ?? candidates[0];
  return marked === undefined ? 0 : audio.indexOf(marked);
}

function noSuchTrack(wanted: number | undefined, tracks: readonly Track[]): AppError {
  if (wanted === undefined || tracks.length === 0) return failure('no_audio');
  // By its place in the list, not by a number: the app counts tracks from 1, the API from 0.
  const list = tracks.map(({ codec, language }) => [codec, language].filter(Boolean).join(' '));
  const has = sayShared('failTracks', { tracks: tracks.length, list: list.join(', ') });
  return new AppError('no_audio', `${sayShared('failNoSuchTrack')} ${has}`, {
    details: { track: wanted, tracks: tracks.length },
  });
}

/** Containers that do not state a duration. ffprobe estimates it from the file size and a bitrate. */
const bareStreams = ['aac', 'ac3', 'eac3', 'dts', 'loas', 'mp3', 'amr', 'truehd', 'mlp'];

function durationOf(stream: Stream, format: Probe['format']): number | undefined {
  const own = positive(stream.duration);
  if (own !== undefined) return own;
  // The duration of the whole file, from its beginning. A track that starts later is shorter.
  const whole = positive(format.duration);
  const late = (Number(stream.start_time) || 0) - (Number(format.start_time) || 0);
  return whole === undefined ? undefined : positive(String(whole - Math.max(0, late)));
}

function positive(text: string | undefined): number | undefined {
  const number = Number(text);
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

/** Players show only these two kinds of picture. ffmpeg also needs to know its width and height. */
function isCover({ codec_name, disposition, width, height }: Stream): boolean {
  const isPicture = disposition['attached_pic'] === 1 && (codec_name === 'mjpeg' || codec_name === 'png');
  return isPicture && Boolean(width) && Boolean(height);
}

/**
 * Prefers the container's tags. Ogg has tags on the track only. With several tracks, a track's title only distinguishes
 * it from the others ("Commentary"), so it is not used as the title of the MP3.
 */
function tagsOf(container: Stream['tags'], track: Stream['tags'], isOnlyTrack: boolean): SourceTags {
  const found = keptTags.flatMap((name) => {
    const fallsBack = name !== 'title' || isOnlyTrack;
    const value = lookUp(container, name) ?? (fallsBack ? lookUp(track, name) : undefined);
    return value === undefined ? [] : [[name, Array.from(value).slice(0, maxTagCharacters).join('')]];
  });
  return Object.fromEntries(found) as SourceTags;
}

/** Containers differ in the case of tag names. */
function lookUp(tags: Stream['tags'], name: string): string | undefined {
  const entry = Object.entries(tags).find(([key]) => key.toLowerCase() === name);
  // A NUL would cut the command-line argument short. ID3v2.3 separates several values with it.
  const value = entry?.[1].replaceAll('\0', ' ').trim();
  return value === '' ? undefined : value;
}
