import { z } from 'zod';

/** Videos at the same time. */
export const placesSchema = z.int().min(1).max(64);

/** What the backend's process is told at its start. */
export const backendStartSchema = z.strictObject({
  /** Absolute path; made where it is missing. */
  dataFolder: z.string().min(1),
  ffmpegPath: z.string().min(1).optional(),
  atOnce: placesSchema,
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
});
export type BackendStart = z.infer<typeof backendStartSchema>;
