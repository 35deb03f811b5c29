import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '../../shared/errors.ts';

/** Seconds before each further try on a line that is bad: six minutes in all, which a train's tunnels are shorter than. */
export const pausesSeconds: readonly number[] = [0.5, 1, 2, 5, 10, 20, 30, 60, 60, 60, 60, 60];

/** What another try may be better than. */
export function isPassing(error: unknown): boolean {
  return !isAppError(error) || isAppError(error, 'unavailable', 'too_many', 'locked', 'request_timeout', 'internal');
}

/** The same call again, after a pause, while it fails of what may pass. Only for calls that may be made twice. Throws the signal's reason, too. */
export async function keepTrying<Answer>(call: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      const pause = pausesSeconds[attempt];
      if (pause === undefined || !isPassing(error)) throw error;
      await pauseFor(pause, signal);
    }
  }
}

/** Throws the signal's reason. */
export async function pauseFor(seconds: number, signal: AbortSignal): Promise<void> {
  if (seconds > 0) await delay(seconds * 1000, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}
