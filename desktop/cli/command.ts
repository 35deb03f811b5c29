import type { TextOutput } from './live-progress.ts';

/** What a command is given of its process. */
export interface CommandContext {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** Absolute path. The caller's relative paths start here. */
  readonly currentFolder: string;
  /** Fires when a person or the system asks the command to stop. */
  readonly signal: AbortSignal;
}

/** Exit codes of the process. */
export const exitCodes = { fine: 0, failed: 1, misused: 2, stopped: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
