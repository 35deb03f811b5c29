import type { Clock } from '../ports/clock.ts';

const firstSeconds = 5;
/** The longest pause for a server that is down, so that it gets its mail soon after it is back. */
const longestForServerSeconds = 300;
/** The longest pause for a mail that the server defers. Greylisting can take an hour. */
const longestForMailSeconds = 3600;

/** Seconds until the retry of a mail that the server has deferred `tries` times: 5, doubling up to an hour. */
export function pauseOfMail(tries: number): number {
  return Math.min(firstSeconds * 2 ** Math.max(tries - 1, 0), longestForMailSeconds);
}

/** The same for a mail that got no answer. Its pause is its own, because this mail may be what the server cannot handle. */
export function pauseWithoutAnswer(tries: number): number {
  return Math.min(pauseOfMail(tries), longestForServerSeconds);
}

/** The longest of both, and of the pause for a server that is down. */
export function longestPause(tries: number): number {
  return Math.max(pauseOfMail(tries), longestForServerSeconds);
}

/**
 * Limits the tries while the mail server is down: only one mail at a time tries to reach it, after pauses that grow from 5 s to 5 min.
 * However many mails wait, the server is tried 7 times in the first 10 minutes and twice in each 10 minutes after that.
 */
export interface ServerPauses {
  /** How many mails may be sent at once right now, at most `most`. 0 during a pause. */
  allowed(most: number): number;
  /** Records that the server could not be reached. Returns the seconds until the next try. */
  failed(): number;
  answered(): void;
}

export function watchMailServer(clock: Clock): ServerPauses {
  let failures = 0;
  let resumesAt = Number.NEGATIVE_INFINITY;
  const left = (): number => resumesAt - clock.monotonicSeconds();
  return {
    allowed: (most) => (left() > 0 ? 0 : failures > 0 ? 1 : most),
    failed() {
      // If several mails fail at once, only one failure counts.
      if (left() <= 0) {
        failures += 1;
        resumesAt =
          clock.monotonicSeconds() + Math.min(firstSeconds * 2 ** Math.min(failures - 1, 30), longestForServerSeconds);
      }
      return left();
    },
    answered() {
      failures = 0;
      resumesAt = Number.NEGATIVE_INFINITY;
    },
  };
}
