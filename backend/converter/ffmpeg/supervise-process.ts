import { AppError, isAppError, systemErrorCode } from '../../../shared/errors.ts';
import { failure } from '../../../shared/words/failure-sentence.ts';
import type { ProcessLimits } from './containment.ts';

/**
 * The methods of a child process that are used here. The process must lead its own process group. Only run-ffmpeg.ts
 * starts such processes.
 */
export interface StartedProcess {
  /** Undefined if it could not be started. */
  readonly pid?: number | undefined;
  kill(signal: 'SIGKILL'): boolean;
  once(event: 'close', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
}

export interface Ending {
  /** Undefined if a signal ended it, or if it never ran. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly startError?: unknown;
  readonly elapsedSeconds: number;
}

export interface Supervision {
  take(child: StartedProcess): void;
  /** Reports a failed start. Ignored once the process has started: then only its end counts. */
  couldNotStart(error: unknown): void;
  /** Notes that the process has given some output. */
  heard(): void;
  /** Kills the process. Only the first reason is kept. */
  stop(reason: unknown): void;
  /** Resolves when the process and its output have ended. Never rejects. */
  readonly gone: Promise<Ending>;
  /** Throws the first reason that was given to `stop`. */
  throwIfStopped(): void;
}

/**
 * Kills a process on an abort, when its time is over, and when it has been silent for too long. Reports when it and everything that holds its output open
 * have ended.
 */
export function supervise({ wallSeconds, silentSeconds }: ProcessLimits, signal: AbortSignal | undefined): Supervision {
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

  // Counted in ticks, so that the time that a laptop sleeps does not count.
  let ticks = 0;
  let silentTicks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    silentTicks += 1;
    if (ticks >= wallSeconds) stop(outOfTime(wallSeconds));
    else if (silentSeconds !== undefined && silentTicks >= silentSeconds) stop(frozen(silentSeconds));
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
    heard() {
      silentTicks = 0;
    },
    take(taken) {
      child = taken;
      // Not `exit`: that event may come before all output has arrived, and before the child's own children have ended.
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

class FrozenProcessError extends Error {}

function frozen(limitSeconds: number): AppError {
  const { message } = failure('timed_out');
  return new AppError('timed_out', message, {
    details: { limitSeconds },
    cause: new FrozenProcessError(`no output for ${limitSeconds} s`),
  });
}

/** Whether this is the error of a process that was killed because it was silent for too long. */
export function isFrozen(error: unknown): boolean {
  return isAppError(error, 'timed_out') && error.cause instanceof FrozenProcessError;
}

/**
 * Kills the whole group. A launcher that is killed alone, just as it starts ffmpeg, has not yet tied ffmpeg to itself.
 * SIGKILL, because ffmpeg 7 with -nostdin ignores SIGTERM.
 */
function killGroup(child: StartedProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // The process had already ended.
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}
