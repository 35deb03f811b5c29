import { join } from 'node:path';
import { type Container, type ContainerRecipe, containers } from './containers.ts';

/** An audio track with a single tone. */
export interface AudioRecipe {
  /**
   * ffmpeg's name of the encoder. Defaults to the usual one of the container. ffmpeg cannot make `he-aac` and
   * `he-aac-v2`, so they are copied from files in this folder: four seconds, two channels at 44.1 kHz.
   */
  readonly codec?: string;
  readonly sampleRate?: number;
  readonly channels?: 1 | 2 | 6;
  /** The frequency of the tone, which distinguishes the tracks. */
  readonly hertz?: number;
  /** The duration of the audio, if it is shorter than the whole. */
  readonly seconds?: number;
  /** Seconds between the start of the picture and the start of the audio. */
  readonly startsAt?: number;
  /** The seconds between which there is no audio: not silence, but a jump in the time stamps. */
  readonly pause?: readonly [from: number, to: number];
  /** ISO 639-2. */
  readonly language?: string;
  readonly title?: string;
  readonly isDefault?: boolean;
  /** More options for the encoder of this track, e.g. `['-b', '64k']`. */
  readonly encoder?: readonly string[];
}

export interface MediaRecipe {
  readonly container: Container;
  readonly seconds: number;
  /** Defaults to one track. An empty list makes none. */
  readonly audio?: readonly AudioRecipe[];
  /** False leaves out the video, if the container could have one. */
  readonly picture?: boolean;
  readonly cover?: 'jpeg' | 'png';
  /** Tags of the container, e.g. `{ title: 'Talk' }`. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Skips this many seconds at the beginning, with an edit list if the container has them. */
  readonly editedFrom?: number;
  /** Keeps only this fraction (0–1) of the bytes. */
  readonly cutAt?: number;
}

const pictureSize = '128x96';
/** MPEG-1 and MPEG-2 support only the rates of film and television. For others, few frames are faster to make. */
const framesPerSecond = { mpeg1video: 25, mpeg2video: 25, other: 5 } as const;

/**
 * The arguments of ffmpeg, without the name of the output. `coverPath` is the path of the cover, if the recipe has one.
 */
export function mediaArguments(recipe: MediaRecipe, coverPath?: string): string[] {
  const container: ContainerRecipe = containers[recipe.container];
  const tracks = recipe.audio ?? [{}];
  const inputs: string[] = [];
  const outputs: string[] = [];
  let input = 0;
  const addInput = (...flags: readonly string[]): number => {
    inputs.push(...flags);
    input += 1;
    return input - 1;
  };

  if (container.videoCodec !== undefined && recipe.picture !== false) {
    const rate =
      framesPerSecond[
        container.videoCodec === 'mpeg1video' || container.videoCodec === 'mpeg2video' ? container.videoCodec : 'other'
      ];
    const source = `testsrc2=s=${pictureSize}:r=${rate}:d=${recipe.seconds}`;
    outputs.push('-map', `${addInput('-f', 'lavfi', '-i', source)}:v`, '-c:v:0', container.videoCodec);
    outputs.push('-pix_fmt:v:0', 'yuv420p', '-g:v:0', `${rate}`, '-b:v:0', '100k');
    if (container.videoCodec === 'libx264') outputs.push('-preset', 'ultrafast');
    if (container.videoCodec === 'libvpx') outputs.push('-deadline', 'realtime', '-cpu-used', '8');
  }
  tracks.forEach((track, index) => {
    const tone = addInput(...toneInput(track, recipe.seconds));
    outputs.push('-map', `${tone}:a`, ...trackArguments(track, index, container));
  });
  if (coverPath !== undefined) outputs.push(...coverArguments(recipe, coverPath, addInput));
  for (const [name, value] of Object.entries(recipe.tags ?? {})) outputs.push('-metadata', `${name}=${value}`);
  // Some encoders that the tests use are marked as experimental.
  return [...inputs, ...outputs, '-strict', 'experimental', ...container.arguments];
}

/**
 * A chirp on the left, 440 Hz and a little noise on the right, encoded by the Fraunhofer FDK library at 48 kbit/s (HE-AAC) and
 * 24 kbit/s (HE-AAC v2, parametric stereo).
 */
const readyMade = {
  'he-aac': join(import.meta.dirname, 'he-aac.aac'),
  'he-aac-v2': join(import.meta.dirname, 'he-aac-v2.aac'),
} as const;

function isReadyMade(codec: string | undefined): codec is keyof typeof readyMade {
  return codec !== undefined && codec in readyMade;
}

function toneInput(track: AudioRecipe, seconds: number): string[] {
  const { sampleRate = 44100, hertz = 440, startsAt } = track;
  const length = track.seconds ?? seconds - (startsAt ?? 0);
  const offset = startsAt === undefined ? [] : ['-itsoffset', `${startsAt}`];
  if (isReadyMade(track.codec)) return [...offset, '-t', `${length}`, '-i', readyMade[track.codec]];
  const pause = track.pause ? `,aselect='not(between(t,${track.pause[0]},${track.pause[1]}))'` : '';
  return [...offset, '-f', 'lavfi', '-i', `sine=f=${hertz}:r=${sampleRate}:d=${length}${pause}`];
}

function trackArguments(track: AudioRecipe, index: number, container: ContainerRecipe): string[] {
  const { codec = container.audioCodec, channels = 2, language, title, isDefault } = track;
  const own = (option: string) => (option.startsWith('-') ? `${option}:a:${index}` : option);
  const flags = isReadyMade(codec)
    ? [`-c:a:${index}`, 'copy']
    : [`-c:a:${index}`, codec, `-ac:a:${index}`, `${channels}`, ...(track.encoder ?? []).map(own)];
  if (language !== undefined) flags.push(`-metadata:s:a:${index}`, `language=${language}`);
  if (title !== undefined) flags.push(`-metadata:s:a:${index}`, `title=${title}`);
  if (isDefault !== undefined) flags.push(`-disposition:a:${index}`, isDefault ? 'default' : '0');
  return flags;
}

/** Matroska stores a cover as an attached file, other containers as a video track of one frame. */
function coverArguments(recipe: MediaRecipe, coverPath: string, addInput: (...flags: string[]) => number): string[] {
  const { extension } = containers[recipe.container];
  if (extension === 'mkv') return ['-attach', coverPath, '-metadata:s:t', `mimetype=image/${recipe.cover}`];
  const hasPicture = 'videoCodec' in containers[recipe.container] && recipe.picture !== false;
  const index = hasPicture ? 1 : 0;
  const picture = addInput('-i', coverPath);
  return ['-map', `${picture}:v`, `-c:v:${index}`, 'copy', `-disposition:v:${index}`, 'attached_pic'];
}
