import { z } from 'zod';

/** How many videos to convert at the same time. */
export const placesSchema = z.int().min(1).max(64);

/** The first message to the backend's process. */
export const backendStartSchema = z.strictObject({
  /** Absolute path. Created if it is missing. */
  dataFolder: z.string().min(1),
  ffmpegPath: z.string().min(1).optional(),
  atOnce: placesSchema,
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
});
export type BackendStart = z.infer<typeof backendStartSchema>;
