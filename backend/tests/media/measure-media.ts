import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The fields of `ffprobe -show_format -show_streams` that tests read. ffprobe writes numbers as strings. */
export interface MediaProbe {
  readonly format: { readonly format_name: string; readonly duration?: string; readonly tags?: Record<string, string> };
  readonly streams: readonly MediaStream[];
}
export interface MediaStream {
  readonly codec_type: string;
  readonly codec_name: string;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly start_time?: string;
  readonly duration?: string;
  readonly time_base?: string;
  readonly nb_frames?: string;
  readonly tags?: Record<string, string>;
  readonly disposition?: Record<string, number>;
}

/** Throws if ffprobe cannot read the file. */
export async function probeMedia(path: string): Promise<MediaProbe> {
  const flags = ['-v', 'error', '-show_format', '-show_streams', '-of', 'json'];
  const { stdout } = await run('ffprobe', [...flags, path], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as MediaProbe;
}

export interface DecodedSound {
  /** Samples per channel. */
  readonly samples: number;
  readonly sampleRate: number;
  readonly seconds: number;
  /** The frequency of the loudest tone in whole hertz, from the zero crossings. 0 if there is no tone. */
  readonly hertz: number;
}

const wavHeaderBytes = 44;
/** Magnitude of a sample, of 32768. The tones are at 4096, less if they were mixed down. */
const almostSilent = 200;

/** Decodes an audio track with ffmpeg and measures its samples. `track` is its index among the audio tracks. */
export async function decodeSound(path: string, track = 0): Promise<DecodedSound> {
  const input = ['-hide_banner', '-v', 'quiet', '-nostdin', '-i', path, '-map', `0:a:${track}`];
  // "bitexact" keeps the header to the format alone, so its length is known.
  const output = [
    '-map_metadata',
    '-1',
    '-fflags',
    '+bitexact',
    '-ac',
    '1',
    '-c:a',
    'pcm_s16le',
    '-f',
    'wav',
    'pipe:1',
  ];
  const child = spawn('ffmpeg', [...input, ...output], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let header = Buffer.alloc(0);
  let rest = Buffer.alloc(0);
  let samples = 0;
  let crossings = 0;
  let wasNegative = false;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    let sound = Buffer.concat([rest, chunk]);
    if (header.length < wavHeaderBytes) {
      header = sound.subarray(0, wavHeaderBytes);
      if (header.length < wavHeaderBytes) {
        rest = header;
        continue;
      }
      sound = sound.subarray(wavHeaderBytes);
    }
    const whole = sound.length - (sound.length % 2);
    for (let at = 0; at < whole; at += 2) {
      const sample = sound.readInt16LE(at);
      // An almost silent sample keeps the previous sign, so that noise does not count as a crossing.
      const isNegative: boolean = Math.abs(sample) < almostSilent ? wasNegative : sample < 0;
      if (isNegative && !wasNegative) crossings += 1;
      wasNegative = isNegative;
    }
    samples += whole / 2;
    rest = sound.subarray(whole);
  }
  await closed;
  const sampleRate = header.length < wavHeaderBytes ? 0 : header.readUInt32LE(24);
  const seconds = sampleRate === 0 ? 0 : samples / sampleRate;
  return { samples, sampleRate, seconds, hertz: seconds === 0 ? 0 : Math.round(crossings / seconds) };
}
