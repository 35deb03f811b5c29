import { z } from 'zod';

/**
 * The constant bitrates of MPEG-1, MPEG-2 and MPEG-2.5 Layer III (ISO/IEC 11172-3 table 2.4.2.3 and ISO/IEC 13818-3),
 * in kbit/s. Rates below 32 and 144 exist only for sample rates up to 24 kHz, rates above 160 only for 32 kHz and more.
 * The encoder takes the nearest rate that the sample rate allows.
 */
export const mp3BitratesKbps = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256, 320] as const;

/** The default quality of a variable bitrate on LAME's scale: `-q:a 2`, about 190 kbit/s for stereo. */
export const defaultMp3Quality = 2;

const mp3OptionsSchema = z
  .strictObject({
    format: z.literal('mp3'),
    /** Constant bitrate, kbit/s. Excludes `quality`. */
    bitrateKbps: z.literal(mp3BitratesKbps).optional(),
    /** Variable bitrate, LAME's scale: 0 is best, 9 is smallest. */
    quality: z.int().min(0).max(9).optional(),
    /** 1 mixes down to mono. If left out, the channels are kept (more than two become stereo). */
    channels: z.literal(1).optional(),
    /** Index among the audio tracks, from 0. Defaults to the track that is marked as default. */
    track: z.int().min(0).max(255).optional(),
  })
  .refine((options) => options.bitrateKbps === undefined || options.quality === undefined, {
    message: 'give bitrateKbps or quality, not both',
  })
  // The same rule for the OpenAPI description, which does not include refinements.
  .meta({ not: { properties: { bitrateKbps: {}, quality: {} }, required: ['bitrateKbps', 'quality'] } });

/** The options of the output: a union by `format`, so that other formats can be added. */
export const outputOptionsSchema = z.discriminatedUnion('format', [mp3OptionsSchema]).meta({ id: 'OutputOptions' });
export type OutputOptions = z.infer<typeof outputOptionsSchema>;

/** An MP3 with a variable bitrate of the default quality. */
export const defaultOutputOptions: OutputOptions = { format: 'mp3' };

/** The public names of a format. */
export interface FormatFacts {
  readonly extension: string;
  readonly mediaType: string;
}

export const formats: Readonly<Record<OutputOptions['format'], FormatFacts>> = {
  mp3: { extension: 'mp3', mediaType: 'audio/mpeg' },
};

/**
 * The file name of an output for a source's: `talk.mp4` gives `talk.mp3`, `.hidden` gives `.hidden.mp3`, `talk` gives
 * `talk.mp3`.
 */
export function outputFileName(sourceName: string, format: OutputOptions['format']): string {
  const dot = sourceName.lastIndexOf('.');
  const stem = dot > 0 ? sourceName.slice(0, dot) : sourceName;
  return `${stem}.${formats[format].extension}`;
}
