import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '../../shared/errors.ts';

/** Seconds before each retry on a bad connection: about six minutes in all, longer than a train is in a tunnel. */
export const pausesSeconds: readonly number[] = [0.5, 1, 2, 5, 10, 20, 30, 60, 60, 60, 60, 60];

/** A server that asks for a longer wait is asked again after this. */
export const longestRetryAfterSeconds = 300;

/**
 * Seconds to wait before the retry after this many failures in a row: as long as the server asks for, or longer. Undefined after the last
 * retry.
 */
export function pauseAfter(error: unknown, failures: number): number | undefined {
  const wanted = isAppError(error) ? (error.details?.['retryAfterSeconds'] ?? 0) : 0;
  const usual = pausesSeconds[failures];
  return usual === undefined ? undefined : Math.max(usual, Math.min(wanted, longestRetryAfterSeconds));
}

/** Whether the error may be temporary, so that a retry may help. */
export function isPassing(error: unknown): boolean {
  return !isAppError(error) || isAppError(error, 'unavailable', 'too_many', 'locked', 'request_timeout', 'internal');
}

/** Repeats a call, with pauses, while its errors may be temporary. Only for calls that may be made twice. Also throws the signal's reason. */
export async function keepTrying<Answer>(call: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      const pause = pauseAfter(error, attempt);
      if (pause === undefined || !isPassing(error)) throw error;
      await pauseFor(pause, signal);
    }
  }
}

/** Waits. Throws the signal's reason. */
export async function pauseFor(seconds: number, signal: AbortSignal): Promise<void> {
  if (seconds > 0) await delay(seconds * 1000, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}
