import type { OutputOptions } from '../../../shared/formats.ts';
import type { AudioRecipe, MediaRecipe } from '../media/media-recipe.ts';

/** A file of the corpus, and what its MP3 must be besides as long as its sound. */
export interface CorpusEntry {
  readonly name: string;
  readonly recipe: MediaRecipe;
  readonly options?: Omit<OutputOptions, 'format'>;
  /** Which of the audio tracks is to be found in the MP3; the first unless said otherwise. */
  readonly track?: number;
  /** The MP3's; 44100 unless said otherwise. */
  readonly sampleRate?: number;
  /** The MP3's; 2 unless said otherwise. */
  readonly channels?: 1 | 2;
  readonly tags?: Readonly<Record<string, string>>;
}

const seconds = 3.1;
const tags = { title: 'Über den Wolken', artist: 'Der Chor', album: 'Live', date: '2021' };

/** A file with one track. */
function one(
  container: MediaRecipe['container'],
  audio: AudioRecipe = {},
  more: Partial<MediaRecipe> = {},
): MediaRecipe {
  return { container, seconds, audio: [audio], ...more };
}

const ac3Surround: AudioRecipe = { codec: 'ac3', channels: 6, sampleRate: 48000 };
const twoLanguages: readonly AudioRecipe[] = [
  { hertz: 330, language: 'ita' },
  { hertz: 660, language: 'eng', isDefault: true },
];

const mp4Family: readonly CorpusEntry[] = [
  { name: 'MP4, index last', recipe: one('mp4', {}, { tags }), tags },
  { name: 'MP4, index first', recipe: one('mp4-index-first') },
  { name: 'MP4, fragmented', recipe: one('mp4-fragmented') },
  { name: 'MP4, fragmented, with an index of the fragments', recipe: one('mp4-dash') },
  { name: 'MP4, HE-AAC', recipe: one('mp4', { codec: 'he-aac' }) },
  { name: 'MP4, HE-AAC v2', recipe: one('mp4', { codec: 'he-aac-v2' }) },
  { name: 'MP4, AC-3 5.1', recipe: one('mp4', ac3Surround), sampleRate: 48000 },
  { name: 'MP4, Opus', recipe: one('mp4', { codec: 'libopus', sampleRate: 48000 }), sampleRate: 48000 },
  { name: 'MP4, MP3', recipe: one('mp4', { codec: 'libmp3lame' }) },
  { name: 'MP4, FLAC', recipe: one('mp4', { codec: 'flac' }) },
  { name: 'MP4, AAC 96 kHz', recipe: one('mp4', { sampleRate: 96000 }), sampleRate: 48000 },
  { name: 'MP4, AAC 88.2 kHz', recipe: one('mp4', { sampleRate: 88200 }), sampleRate: 44100 },
  { name: 'MP4, AAC 8 kHz mono', recipe: one('mp4', { sampleRate: 8000, channels: 1 }), sampleRate: 8000, channels: 1 },
  { name: 'MP4, the sound begins late', recipe: one('mp4', { startsAt: 2 }) },
  { name: 'MP4, fragmented, the sound begins late', recipe: one('mp4-fragmented', { startsAt: 2 }) },
  { name: 'MP4, cut by an edit list', recipe: one('mp4', {}, { editedFrom: 1.3 }) },
  { name: 'MP4, the sound ends early', recipe: one('mp4', { seconds: 1.7 }) },
  { name: 'MP4 with a cover', recipe: one('mp4', {}, { cover: 'jpeg', tags }), tags },
  { name: 'MP4, two languages, the default one', recipe: { container: 'mp4', seconds, audio: twoLanguages }, track: 1 },
  {
    name: 'MP4, two languages, the other one',
    recipe: { container: 'mp4', seconds, audio: twoLanguages },
    options: { track: 0 },
  },
  { name: 'M4A, ALAC', recipe: one('m4a', { codec: 'alac' }) },
  { name: 'M4A with a cover', recipe: one('m4a', {}, { cover: 'png', tags }), tags },
  { name: 'MOV, AAC', recipe: one('mov') },
  { name: 'MOV, PCM, cut by an edit list', recipe: one('mov', { codec: 'pcm_s16le' }, { editedFrom: 1.3 }) },
  {
    name: 'MOV, PCM 24 bit, big-endian, 96 kHz',
    recipe: one('mov', { codec: 'pcm_s24be', sampleRate: 96000 }),
    sampleRate: 48000,
  },
  { name: 'MOV, ALAC', recipe: one('mov', { codec: 'alac' }) },
  {
    name: '3GP, AAC 16 kHz mono',
    recipe: one('3gp', { sampleRate: 16000, channels: 1 }),
    sampleRate: 16000,
    channels: 1,
  },
];

const matroskaFamily: readonly CorpusEntry[] = [
  { name: 'MKV, AAC', recipe: one('mkv', {}, { tags }), tags },
  { name: 'MKV, Opus', recipe: one('mkv', { codec: 'libopus', sampleRate: 48000 }), sampleRate: 48000 },
  { name: 'MKV, Vorbis', recipe: one('mkv', { codec: 'libvorbis' }) },
  { name: 'MKV, AC-3 5.1', recipe: one('mkv', ac3Surround), sampleRate: 48000 },
  { name: 'MKV, E-AC-3 5.1', recipe: one('mkv', { ...ac3Surround, codec: 'eac3' }), sampleRate: 48000 },
  { name: 'MKV, DTS', recipe: one('mkv', { codec: 'dca', sampleRate: 48000 }), sampleRate: 48000 },
  { name: 'MKV, TrueHD', recipe: one('mkv', { codec: 'truehd', sampleRate: 48000 }), sampleRate: 48000 },
  { name: 'MKV, FLAC 96 kHz', recipe: one('mkv', { codec: 'flac', sampleRate: 96000 }), sampleRate: 48000 },
  { name: 'MKV, PCM 24 bit', recipe: one('mkv', { codec: 'pcm_s24le' }) },
  { name: 'MKV, MP3', recipe: one('mkv', { codec: 'libmp3lame' }) },
  { name: 'MKV, HE-AAC v2', recipe: one('mkv', { codec: 'he-aac-v2' }) },
  { name: 'MKV, the sound begins late', recipe: one('mkv', { startsAt: 2 }) },
  { name: 'MKV with a cover', recipe: one('mkv', {}, { cover: 'jpeg', tags }), tags },
  { name: 'MKV, two languages, the default one', recipe: { container: 'mkv', seconds, audio: twoLanguages }, track: 1 },
  {
    name: 'MKV, two languages, the other one',
    recipe: { container: 'mkv', seconds, audio: twoLanguages },
    options: { track: 0 },
  },
  { name: 'MKV, written live', recipe: one('mkv-live') },
  { name: 'MKV without a picture', recipe: one('mkv', {}, { picture: false }) },
  { name: 'WebM, Opus', recipe: one('webm', { sampleRate: 48000 }), sampleRate: 48000 },
  { name: 'WebM, Vorbis mono', recipe: one('webm', { codec: 'libvorbis', channels: 1 }), channels: 1 },
  { name: 'WebM, written live, without a length', recipe: one('webm-live', { sampleRate: 48000 }), sampleRate: 48000 },
  { name: 'WebM, the sound begins late', recipe: one('webm', { sampleRate: 48000, startsAt: 2 }), sampleRate: 48000 },
];

const otherFilms: readonly CorpusEntry[] = [
  { name: 'AVI, MP3', recipe: one('avi') },
  { name: 'AVI, MP3 of a variable bit rate', recipe: one('avi', { encoder: ['-q', '4'] }) },
  {
    name: 'AVI, PCM 22.05 kHz mono',
    recipe: one('avi', { codec: 'pcm_s16le', sampleRate: 22050, channels: 1 }),
    sampleRate: 22050,
    channels: 1,
  },
  { name: 'AVI, AC-3 5.1', recipe: one('avi', ac3Surround), sampleRate: 48000 },
  { name: 'AVI, the sound begins late', recipe: one('avi', { startsAt: 2 }) },
  { name: 'FLV, MP3', recipe: one('flv') },
  { name: 'FLV, AAC, the sound begins late', recipe: one('flv', { codec: 'aac', startsAt: 2 }) },
  { name: 'WMV, WMA', recipe: one('wmv', {}, { tags: { title: tags.title } }), tags: { title: tags.title } },
  {
    name: 'WMA 32 kHz without a picture',
    recipe: one('wmv', { sampleRate: 32000 }, { picture: false }),
    sampleRate: 32000,
  },
  { name: 'MPEG-TS, AAC', recipe: one('ts') },
  { name: 'MPEG-TS, HE-AAC', recipe: one('ts', { codec: 'he-aac' }) },
  { name: 'MPEG-TS, MP2, the sound begins late', recipe: one('ts', { codec: 'mp2', startsAt: 2 }) },
  { name: 'M2TS, AC-3 5.1', recipe: one('m2ts', ac3Surround), sampleRate: 48000 },
  { name: 'MPEG-PS, MP2', recipe: one('mpg') },
  { name: 'VOB, AC-3', recipe: one('vob', { sampleRate: 48000 }), sampleRate: 48000 },
  {
    name: 'Ogg, Theora and Vorbis',
    recipe: one('ogv', {}, { tags: { title: tags.title } }),
    tags: { title: tags.title },
  },
  { name: 'NUT, MP3', recipe: one('nut') },
];

const soundAlone: readonly CorpusEntry[] = [
  { name: 'Ogg, Vorbis', recipe: one('ogg', {}, { tags: { title: tags.title } }), tags: { title: tags.title } },
  { name: 'Ogg, Opus', recipe: one('ogg', { codec: 'libopus', sampleRate: 48000 }), sampleRate: 48000 },
  { name: 'Ogg, FLAC', recipe: one('ogg', { codec: 'flac' }) },
  { name: 'WAV, 8 kHz mono', recipe: one('wav', { sampleRate: 8000, channels: 1 }), sampleRate: 8000, channels: 1 },
  { name: 'WAV, 8 bit, 11.025 kHz', recipe: one('wav', { codec: 'pcm_u8', sampleRate: 11025 }), sampleRate: 11025 },
  {
    name: 'WAV, floating point, 96 kHz, 5.1',
    recipe: one('wav', { codec: 'pcm_f32le', sampleRate: 96000, channels: 6 }),
    sampleRate: 48000,
  },
  { name: 'WAV, µ-law 12 kHz', recipe: one('wav', { codec: 'pcm_mulaw', sampleRate: 12000 }), sampleRate: 12000 },
  { name: 'WAV, ADPCM 24 kHz', recipe: one('wav', { codec: 'adpcm_ms', sampleRate: 24000 }), sampleRate: 24000 },
  { name: 'WAV from a pipe', recipe: one('wav-live') },
  { name: 'WAV of a rate that MP3 lacks', recipe: one('wav', { sampleRate: 37800 }), sampleRate: 44100 },
  { name: 'WAV of a hundredth of a second', recipe: one('wav', {}, { seconds: 0.01 }) },
  { name: 'WAV of ten samples', recipe: one('wav', {}, { seconds: 10 / 44100 }) },
  { name: 'AIFF', recipe: one('aiff') },
  { name: 'CAF, ALAC', recipe: one('caf', { codec: 'alac' }) },
  { name: 'W64', recipe: one('w64') },
  { name: 'FLAC with a cover', recipe: one('flac', {}, { cover: 'png', tags }), tags },
  { name: 'FLAC 5.1', recipe: one('flac', { channels: 6, sampleRate: 48000 }), sampleRate: 48000 },
  { name: 'FLAC without a length', recipe: one('flac-live') },
  { name: 'MP3 with a cover', recipe: one('mp3', {}, { cover: 'jpeg', tags }), tags },
  {
    name: 'MP3 of a variable bit rate, 22.05 kHz mono',
    recipe: one('mp3', { sampleRate: 22050, channels: 1, encoder: ['-q', '5'] }),
    sampleRate: 22050,
    channels: 1,
  },
  { name: 'MP3 without a Xing frame', recipe: one('mp3-live') },
  { name: 'ADTS, AAC', recipe: one('aac') },
  { name: 'ADTS, HE-AAC v2', recipe: one('aac', { codec: 'he-aac-v2' }) },
];

const chosenOutputs: readonly CorpusEntry[] = [
  { name: '128 kbit/s', recipe: one('mp4'), options: { bitrateKbps: 128 } },
  {
    name: '320 kbit/s from 48 kHz',
    recipe: one('webm', { sampleRate: 48000 }),
    options: { bitrateKbps: 320 },
    sampleRate: 48000,
  },
  {
    name: '8 kbit/s from 8 kHz mono',
    recipe: one('wav', { sampleRate: 8000, channels: 1 }),
    options: { bitrateKbps: 8 },
    sampleRate: 8000,
    channels: 1,
  },
  { name: 'the best quality', recipe: one('mp4'), options: { quality: 0 } },
  { name: 'the smallest quality', recipe: one('mp4'), options: { quality: 9 } },
  { name: 'mono from stereo', recipe: one('mp4'), options: { channels: 1 }, channels: 1 },
  { name: 'mono from 5.1', recipe: one('mkv', ac3Surround), options: { channels: 1 }, sampleRate: 48000, channels: 1 },
];

/** Everything that ffmpeg 5.1 can make and people have, and a little more. */
export const corpus: readonly CorpusEntry[] = [
  ...mp4Family,
  ...matroskaFamily,
  ...otherFilms,
  ...soundAlone,
  ...chosenOutputs,
];

/** Files that break off in the middle: true where their container tells, so that the person can be told. */
export const cutCorpus: readonly { readonly name: string; readonly recipe: MediaRecipe; readonly isTold: boolean }[] = [
  { name: 'MP4, index first', recipe: one('mp4-index-first', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'MKV', recipe: one('mkv', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'WebM', recipe: one('webm', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'AVI', recipe: one('avi', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'FLV', recipe: one('flv', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'WMV', recipe: one('wmv', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'WAV', recipe: one('wav', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'FLAC', recipe: one('flac', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'MP3', recipe: one('mp3', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'MPEG-TS', recipe: one('ts', {}, { cutAt: 0.7 }), isTold: false },
  { name: 'MPEG-PS', recipe: one('mpg', {}, { cutAt: 0.7 }), isTold: false },
  { name: 'WebM, written live', recipe: one('webm-live', {}, { cutAt: 0.7 }), isTold: false },
  { name: 'ADTS', recipe: one('aac', {}, { cutAt: 0.7 }), isTold: false },
];
