import { defaultMp3Quality, type OutputOptions } from '../../../../shared/formats.ts';
import { sourceOptions, sourceUrl } from '../../ffmpeg/media-formats.ts';
import type { FfmpegCommandLine } from '../../ffmpeg/run-ffmpeg.ts';
import type { SourceFacts, SourceTags } from '../../source-facts.ts';

/** The name of the MP3 in the work folder. */
export const mp3Name = 'sound.mp3';

/** The facts of a source that the command line depends on. */
export type ArgumentFacts = Pick<SourceFacts, 'track' | 'cover' | 'tags' | 'searchOptions'>;

/** With `level+` in `-loglevel`, every log line starts with its level, which separates errors from mere information. */
const quiet = ['-hide_banner', '-nostdin', '-nostats'];

/**
 * The single encoding pass. The first output is the MP3, written to a file because ffmpeg writes no Xing frame to a
 * pipe. The second output goes to the caller: the same audio in mono, as signed 16 bit. It is used for the peaks and
 * gives the exact number of samples. It costs 4 % (measured; 8 kHz would cost as much, since the resampling costs what
 * the pipe saves).
 */
export function convertArguments(options: OutputOptions, facts: ArgumentFacts): FfmpegCommandLine {
  const { track, cover } = facts;
  const sampleRate = mp3SampleRate(track.sampleRate);
  const channels = options.channels ?? (track.channels === 1 ? 1 : 2);
  return {
    ...decodeSource(facts, 'level+warning'),
    outputs: [
      {
        to: { file: mp3Name },
        options: [
          ...mapTrack(track.index),
          ...(cover === undefined ? ['-vn'] : copyCover(cover.streamIndex)),
          ...placeChannels(track),
          ...['-sn', '-dn', '-map_metadata', '-1', '-map_chapters', '-1'],
          ...['-c:a', 'libmp3lame', ...rateOptions(options)],
          ...soundShape(channels, sampleRate),
          ...tagOptions(facts.tags),
          ...['-id3v2_version', '3', '-write_xing', '1', '-f', 'mp3'],
        ],
      },
      {
        to: 'sound',
        options: [
          ...mapTrack(track.index),
          ...placeChannels(track),
          ...soundShape(1, sampleRate),
          // Without flushing each packet, ffmpeg writes to the pipe 7 times less often.
          ...['-c:a', 'pcm_s16le', '-flush_packets', '0', '-f', 's16le'],
        ],
      },
    ],
  };
}

/** Decodes and logs the time stamp of each frame, to show where audio is missing. */
export function listenArguments(facts: ArgumentFacts): FfmpegCommandLine {
  return {
    ...decodeSource(facts, 'level+info'),
    outputs: [{ to: 'nothing', options: [...mapTrack(facts.track.index), '-vn', '-af', 'ashowinfo', '-f', 'null'] }],
  };
}

/** The sample rates of MPEG audio Layer III (ISO/IEC 11172-3, 13818-3, and MPEG-2.5). */
const mp3SampleRates = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000];

/**
 * The sample rate of the MP3 in hertz: the source's own if MP3 supports it; above 48 kHz, 44100 or 48000, whichever
 * divides it; otherwise the next higher one, which loses nothing.
 */
export function mp3SampleRate(sampleRate: number): number {
  if (sampleRate > 48000) return sampleRate % 44100 === 0 ? 44100 : 48000;
  return mp3SampleRates.find((rate) => rate >= sampleRate) ?? 48000;
}

function decodeSource(facts: ArgumentFacts, logLevel: string): Pick<FfmpegCommandLine, 'inputOptions' | 'input'> {
  return {
    inputOptions: [
      ...quiet,
      ...['-loglevel', logLevel],
      // Deliver what can be decoded, however many errors there are.
      ...['-max_error_rate', '1'],
      ...sourceOptions,
      ...facts.searchOptions,
      // Several conversions run in parallel; threads in each would only cost memory.
      ...['-threads', '1'],
    ],
    input: sourceUrl,
  };
}

function mapTrack(index: number): readonly string[] {
  return ['-map', `0:a:${index}`];
}

/** Always given, because a source may change its format in the middle and an MP3 must not. */
function soundShape(channels: 1 | 2, sampleRate: number): readonly string[] {
  return ['-ac', String(channels), '-ar', String(sampleRate)];
}

/**
 * ffmpeg cannot mix more than 8 channels without known positions down to stereo, so the first two are taken. 16
 * channels are an exception: ffmpeg knows a layout for them.
 */
function placeChannels({ channels, hasLayout }: ArgumentFacts['track']): readonly string[] {
  return hasLayout || channels <= 8 || channels === 16 ? [] : ['-af', 'pan=stereo|c0=c0|c1=c1'];
}

function copyCover(streamIndex: number): readonly string[] {
  const kind = ['-metadata:s:v', 'comment=Cover (front)'];
  return ['-map', `0:${streamIndex}`, '-c:v', 'copy', '-disposition:v', 'attached_pic', ...kind];
}

function rateOptions({ bitrateKbps, quality = defaultMp3Quality }: OutputOptions): readonly string[] {
  return bitrateKbps === undefined ? ['-q:a', String(quality)] : ['-b:a', `${bitrateKbps}k`];
}

function tagOptions(tags: SourceTags): readonly string[] {
  return Object.entries(tags).flatMap(([name, value]) => ['-metadata', `${name}=${value}`]);
}
