import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { mp3BitratesKbps } from '../../../shared/formats.ts';
import type { KeptSettings } from './settings-store.ts';

/** What the settings are before anybody has changed them. */
export const defaultSettings: KeptSettings = {
  place: { kind: 'none' },
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

const pathSchema = z.string().min(1).refine(isAbsolute);
const pointsSchema = z.number().min(-100_000).max(100_000).transform(Math.round);

const fields = {
  place: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('none') }),
    z.object({ kind: z.literal('here') }),
    z.object({ kind: z.literal('server'), url: z.url(), email: z.string().min(1).max(254) }),
  ]),
  quality: z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['voice', 'standard', 'best']) }),
    z.object({
      kind: z.literal('custom'),
      bitrateKbps: z.literal(mp3BitratesKbps).exactOptional(),
      quality: z.int().min(0).max(9).exactOptional(),
      mono: z.boolean(),
    }),
  ]),
  saveTo: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('beside') }),
    z.object({ kind: z.literal('folder'), path: pathSchema }),
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
    x: pointsSchema.exactOptional(),
    y: pointsSchema.exactOptional(),
    width: pointsSchema,
    height: pointsSchema,
    maximized: z.boolean(),
  }),
} as const satisfies { readonly [Key in keyof Required<KeptSettings>]: z.ZodType };

/** The settings in `stored`; one that is missing or out of its range is as it was before anybody changed it. */
export function readSettings(stored: Readonly<Record<string, unknown>>): KeptSettings {
  const read = Object.entries(fields).flatMap(([name, schema]) => {
    const parsed = schema.safeParse(stored[name]);
    return parsed.success ? [[name, parsed.data]] : [];
  });
  return { ...defaultSettings, ...Object.fromEntries(read) };
}
