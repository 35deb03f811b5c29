import { defaultMp3Quality, type OutputOptions } from '../../../../shared/formats.ts';
import { sourceOptions, sourceUrl } from '../../ffmpeg/media-formats.ts';
import type { FfmpegCommandLine } from '../../ffmpeg/run-ffmpeg.ts';
import type { SourceFacts, SourceTags } from '../../source-facts.ts';

/** Where the MP3 grows, in the work folder. */
export const mp3Name = 'sound.mp3';

/** What of a source decides about the command line. */
export type ArgumentFacts = Pick<SourceFacts, 'track' | 'cover' | 'tags' | 'searchOptions'>;

/** Asks for every line's level, so that what is said of damage can be told from what is said by the way. */
const quiet = ['-hide_banner', '-nostdin', '-nostats'];

/**
 * The one pass: the MP3 into a file (a pipe would leave it without a Xing frame), and the same sound in mono, as signed
 * 16 bit, to the caller. The second output is for the peaks and costs 4 % (measured: at its full rate no more than at 8 kHz,
 * whose resampling costs what the pipe saves); it also tells to the sample how much sound there was.
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
          // Unflushed, the pipe is written to 7 times less often.
          ...['-c:a', 'pcm_s16le', '-flush_packets', '0', '-f', 's16le'],
        ],
      },
    ],
  };
}

/** Decodes and says of each frame when it is due: what came, and where nothing came. */
export function listenArguments(facts: ArgumentFacts): FfmpegCommandLine {
  return {
    ...decodeSource(facts, 'level+info'),
    outputs: [{ to: 'nothing', options: [...mapTrack(facts.track.index), '-vn', '-af', 'ashowinfo', '-f', 'null'] }],
  };
}

/** The sample rates that MPEG audio Layer III has (ISO/IEC 11172-3, 13818-3, and MPEG-2.5's). */
const mp3SampleRates = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000];

/** The rate itself where MP3 has it; above, the one that divides it; else the next higher, which loses nothing. */
export function mp3SampleRate(sampleRate: number): number {
  if (sampleRate > 48000) return sampleRate % 44100 === 0 ? 44100 : 48000;
  return mp3SampleRates.find((rate) => rate >= sampleRate) ?? 48000;
}

function decodeSource(facts: ArgumentFacts, logLevel: string): Pick<FfmpegCommandLine, 'inputOptions' | 'input'> {
  return {
    inputOptions: [
      ...quiet,
      ...['-loglevel', logLevel],
      // What can be decoded is delivered, however much cannot.
      ...['-max_error_rate', '1'],
      ...sourceOptions,
      ...facts.searchOptions,
      // Conversions are what runs side by side; threads in each would only cost memory.
      ...['-threads', '1'],
    ],
    input: sourceUrl,
  };
}

function mapTrack(index: number): readonly string[] {
  return ['-map', `0:a:${index}`];
}

/** Always said: a source may change its own in the middle, and an MP3 must not. */
function soundShape(channels: 1 | 2, sampleRate: number): readonly string[] {
  return ['-ac', String(channels), '-ar', String(sampleRate)];
}

/** Of so many channels at no known places ffmpeg makes no stereo: the first two are taken. It knows one layout of 16. */
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
