import type { EventEmitter } from 'node:events';

/** The parts of a process that are watched for a wish to stop. */
export interface StoppableProcess extends EventEmitter {
  readonly stdout: EventEmitter;
  readonly stderr: EventEmitter;
  exit(code: number): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a write to a pipe or a terminal fails with when nobody is at its other end any more. */
const nobodyReads = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/**
 * One Ctrl-C comes up to three times: from the terminal, which tells every process of a command, and from npm and set-up, which
 * hand it on. A person who presses it again is slower than this.
 */
const onePressMilliseconds = 300;

/**
 * Fires once the person wants the command to stop (Ctrl-C), or the system does, or nobody reads its output any more. Asked a
 * second time by a signal, the process ends at once with `exitCode`.
 */
export function watchForStop(process: StoppableProcess, exitCode: number, now = () => performance.now()): AbortSignal {
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
      if (!nobodyReads.has(error.code ?? '')) throw error;
      // A listener fewer on the other end: head has seen enough. Failures that nobody wants to read stop nothing.
      if (output === process.stdout) stop.abort(error);
    });
  }
  return stop.signal;
}
