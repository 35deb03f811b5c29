import type { EventEmitter } from 'node:events';

/** The parts of a process that can ask it to stop. */
export interface StoppableProcess extends EventEmitter {
  readonly stdout: EventEmitter;
  readonly stderr: EventEmitter;
  exit(code: number): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The error codes of a write to a pipe or terminal whose other end is closed. */
const nobodyReads = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/**
 * One Ctrl-C arrives up to three times: from the terminal, which signals every process of a command, and from npm and set-up, which pass
 * it on. A person who presses it again takes longer than this.
 */
const onePressMilliseconds = 300;

export interface StopOptions {
  /** Whether an output that cannot be written is an error, unless nobody reads it. */
  readonly needsOutput?: boolean;
  readonly now?: () => number;
}

/**
 * Fires when a person (Ctrl-C) or the system asks the command to stop, or when its output is closed. A second signal ends the process at
 * once with `exitCode`.
 */
export function watchForStop(
  process: StoppableProcess,
  exitCode: number,
  { needsOutput = true, now = () => performance.now() }: StopOptions = {},
): AbortSignal {
  const stop = new AbortController();
  let askedAt = Number.NEGATIVE_INFINITY;
  for (const name of signals) {
    process.on(name, () => {
      if (now() - askedAt < onePressMilliseconds) return;
      if (stop.signal.aborted) process.exit(exitCode);
      askedAt = now();
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  for (const output of [process.stdout, process.stderr]) {
    output.on('error', (error: NodeJS.ErrnoException) => {
      if (!nobodyReads.has(error.code ?? '')) {
        if (needsOutput) throw error;
        return;
      }
      // A closed standard output means that the reader, such as head, has seen enough. A closed standard error does not stop the work.
      if (output === process.stdout) stop.abort(error);
    });
  }
  return stop.signal;
}
