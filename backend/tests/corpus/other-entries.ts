import { ac3Surround, type CorpusEntry, one, tags, titleAlone } from './corpus-entry.ts';

const otherFilms: readonly CorpusEntry[] = [
  { name: 'AVI, MP3', recipe: one('avi') },
  { name: 'AVI, MP3 of a variable bitrate', recipe: one('avi', { encoder: ['-q', '4'] }) },
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
  { name: 'FLV, the sound pauses', recipe: one('flv', { pause: [1, 2] }) },
  { name: 'MPEG-TS, the sound pauses', recipe: one('ts', { pause: [1, 2] }) },
  { name: 'AVI, the sound pauses', recipe: one('avi', { pause: [1, 2] }) },
  { name: 'WMV, WMA', recipe: one('wmv', {}, { tags: titleAlone }), tags: titleAlone },
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
    recipe: one('ogv', {}, { tags: titleAlone }),
    tags: titleAlone,
  },
  { name: 'NUT, MP3', recipe: one('nut') },
];

const soundAlone: readonly CorpusEntry[] = [
  { name: 'Ogg, Vorbis', recipe: one('ogg', {}, { tags: titleAlone }), tags: titleAlone },
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
    name: 'MP3 of a variable bitrate, 22.05 kHz mono',
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

/** All other files that ffmpeg 5.1 can make, and the output options. */
export const otherEntries: readonly CorpusEntry[] = [...otherFilms, ...soundAlone, ...chosenOutputs];
