import type { OutputOptions } from '../../../shared/formats.ts';
import type { AudioRecipe, MediaRecipe } from '../media/media-recipe.ts';

/** A file of the corpus, and what its MP3 must be apart from as long as its audio. */
export interface CorpusEntry {
  readonly name: string;
  readonly recipe: MediaRecipe;
  readonly options?: Omit<OutputOptions, 'format'>;
  /** The index of the audio track that the MP3 must contain. Defaults to 0. */
  readonly track?: number;
  /** The sample rate of the MP3 in hertz. Defaults to 44100. */
  readonly sampleRate?: number;
  /** The channels of the MP3. Defaults to 2. */
  readonly channels?: 1 | 2;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The default duration of a source. */
export const seconds = 3.1;
export const tags = { title: 'Über den Wolken', artist: 'Der Chor', album: 'Live', date: '2021' };
/** The only tag that some containers can hold. */
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
