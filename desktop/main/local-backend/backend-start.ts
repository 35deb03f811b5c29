import { z } from 'zod';

/** What the backend's process is told at its start. */
export const backendStartSchema = z.strictObject({
  /** Absolute path; made where it is missing. */
  dataFolder: z.string().min(1),
  ffmpegPath: z.string().min(1).optional(),
  /** Videos at the same time. */
  atOnce: z.int().min(1).max(64),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
});
export type BackendStart = z.infer<typeof backendStartSchema>;
