import { z } from 'zod';

/** The first message to the backend's process. */
export const backendStartSchema = z.strictObject({
  /** Absolute path. Created if it is missing. */
  dataFolder: z.string().min(1),
  ffmpegPath: z.string().min(1).optional(),
  /** Videos at the same time. */
  atOnce: z.int().min(1).max(64),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
});
export type BackendStart = z.infer<typeof backendStartSchema>;
