import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { mp3BitratesKbps } from '../../../shared/formats.ts';
import type { KeptSettings } from './settings-store.ts';

/** The settings of a new installation. */
export const defaultSettings: KeptSettings = {
  backend: { kind: 'none' },
  quality: { kind: 'standard' },
  saveTo: { kind: 'beside' },
  whenTaken: 'keep_both',
  notify: true,
  notifySound: false,
  theme: 'system',
  keepInTray: true,
  openAtLogin: false,
  paused: false,
};

const absolutePath = z.string().min(1).max(32_767).refine(isAbsolute);
const pointSchema = z.int().min(-100_000).max(100_000);
const lengthSchema = z.int().min(1).max(100_000);

type Schemas = { readonly [Key in keyof KeptSettings]-?: z.ZodType<Exclude<KeptSettings[Key], undefined>> };

/** The schema of each stored value. */
export const settingSchemas = {
  backend: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({ kind: z.literal('here') }),
    z.object({ kind: z.literal('server'), url: z.url({ protocol: /^https?$/ }), email: z.string().min(1).max(254) }),
  ]),
  quality: z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['voice', 'standard', 'best']) }),
    z
      .object({
        kind: z.literal('custom'),
        bitrateKbps: z.literal(mp3BitratesKbps).exactOptional(),
        quality: z.int().min(0).max(9).exactOptional(),
        mono: z.boolean(),
      })
      .refine(({ bitrateKbps, quality }) => bitrateKbps === undefined || quality === undefined),
  ]),
  saveTo: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('beside') }),
    z.object({ kind: z.literal('folder'), path: absolutePath }),
    z.object({ kind: z.literal('ask') }),
  ]),
  whenTaken: z.enum(['keep_both', 'replace', 'ask']),
  atOnce: z.int().min(1).max(64),
  notify: z.boolean(),
  notifySound: z.boolean(),
  theme: z.enum(['system', 'light', 'dark']),
  keepInTray: z.boolean(),
  openAtLogin: z.boolean(),
  paused: z.boolean(),
  window: z.object({
    x: pointSchema.exactOptional(),
    y: pointSchema.exactOptional(),
    width: lengthSchema,
    height: lengthSchema,
    maximized: z.boolean(),
  }),
} satisfies Schemas;

/** The content of a file. A newer Soundlift may have written settings that are unknown here. */
export type StoredSettings = Readonly<Record<string, unknown>>;

/** The settings in a file. A value that is missing or invalid is replaced by its default. */
export function readSettings(stored: StoredSettings): KeptSettings {
  const fitting = Object.entries(settingSchemas).flatMap(([key, schema]) => {
    const { success, data } = schema.safeParse(stored[key]);
    return success ? [[key, data] as const] : [];
  });
  return { ...defaultSettings, ...Object.fromEntries(fitting) };
}
