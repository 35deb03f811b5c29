import type { AudioRecipe } from '../media/media-recipe.ts';
import { ac3Surround, type CorpusEntry, one, seconds, tags } from './corpus-entry.ts';

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
  { name: 'MP4, the sound pauses', recipe: one('mp4', { pause: [1, 2] }) },
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
  { name: 'MKV, the sound pauses', recipe: one('mkv', { pause: [1, 2] }) },
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
  { name: 'WebM, the sound pauses', recipe: one('webm', { sampleRate: 48000, pause: [1, 2] }), sampleRate: 48000 },
  { name: 'WebM, the sound begins late', recipe: one('webm', { sampleRate: 48000, startsAt: 2 }), sampleRate: 48000 },
];

/** The files that most people have. */
export const mp4AndMatroska: readonly CorpusEntry[] = [...mp4Family, ...matroskaFamily];
