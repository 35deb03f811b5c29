import type { TextOutput } from './live-progress.ts';

/** What a command gets from the process that it runs in. */
export interface CommandContext {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** Absolute path; where the caller's relative paths start. */
  readonly currentFolder: string;
  /** Fires when the person, or the system, wants it to stop. */
  readonly signal: AbortSignal;
}

/** How a process ended, for whoever started it (API.md). */
export const exitCodes = { fine: 0, failed: 1, misused: 2, stopped: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
