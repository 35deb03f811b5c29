import { type AppError, systemErrorCode } from '../../../shared/errors.ts';
import { failure } from '../../../shared/words/failure-sentence.ts';
import type { ProcessLimits } from './containment.ts';

/** What is needed of a child process that leads a group of its own; only one file may start them. */
export interface StartedProcess {
  /** Undefined when it could not be started. */
  readonly pid?: number | undefined;
  kill(signal: 'SIGKILL'): boolean;
  once(event: 'close', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
}

export interface Ending {
  /** Undefined when a signal ended it, or it never ran. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly startError?: unknown;
  readonly elapsedSeconds: number;
}

export interface Supervision {
  take(child: StartedProcess): void;
  /** Ignored once it has started: a process that runs is judged by its end. */
  couldNotStart(error: unknown): void;
  /** Kills it; the first reason counts. */
  stop(reason: unknown): void;
  /** Never rejects. */
  readonly gone: Promise<Ending>;
  /** Throws the reason for which it was stopped. */
  throwIfStopped(): void;
}

/** Ends a process on an abort and when its time is over, and knows when it is gone, with all that it held open. */
export function supervise({ wallSeconds }: ProcessLimits, signal: AbortSignal | undefined): Supervision {
  const startedAt = performance.now();
  let child: StartedProcess | undefined;
  let stopped: { readonly reason: unknown } | undefined;
  let settle: (ending: Omit<Ending, 'elapsedSeconds'>) => void;

  function stop(reason: unknown): void {
    stopped ??= { reason };
    if (child !== undefined) killGroup(child);
  }
  function onAbort(): void {
    stop(signal?.reason);
  }
  signal?.addEventListener('abort', onAbort, { once: true });

  // Counted in ticks, so that the night for which a laptop was shut costs no time.
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    if (ticks >= wallSeconds) stop(outOfTime(wallSeconds));
  }, 1000);

  const gone = new Promise<Ending>((resolve) => {
    settle = (ending) => {
      clearInterval(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve({ ...ending, elapsedSeconds: (performance.now() - startedAt) / 1000 });
    };
  });

  return {
    gone,
    stop,
    take(taken) {
      child = taken;
      // Not `exit`: it may come while what the process wrote is still on its way, and before its own child has ended.
      taken.once('close', (code, killedBy) => {
        settle({ exitCode: code !== null && code >= 0 ? code : undefined, signal: killedBy ?? undefined });
      });
      if (stopped !== undefined) killGroup(taken);
    },
    couldNotStart(error) {
      if (child?.pid === undefined) settle({ exitCode: undefined, signal: undefined, startError: error });
    },
    throwIfStopped() {
      if (stopped !== undefined) throw stopped.reason;
    },
  };
}

function outOfTime(limitSeconds: number): AppError {
  return failure('timed_out', { details: { limitSeconds } });
}

/**
 * With all that it has started: a launcher that is killed alone, in the instant in which it starts ffmpeg, has not yet told it to
 * end with it. SIGKILL, because ffmpeg 7 with -nostdin ignores SIGTERM.
 */
function killGroup(child: StartedProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // It was faster.
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}
