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

/** Of each film and sound, unless said otherwise. */
export const seconds = 3.1;
export const tags = { title: 'Über den Wolken', artist: 'Der Chor', album: 'Live', date: '2021' };
/** All that some containers have room for. */
export const titleAlone = { title: tags.title };

/** A file with one track. */
export function one(
  container: MediaRecipe['container'],
  audio: AudioRecipe = {},
  more: Partial<MediaRecipe> = {},
): MediaRecipe {
  return { container, seconds, audio: [audio], ...more };
}

export const ac3Surround: AudioRecipe = { codec: 'ac3', channels: 6, sampleRate: 48000 };
