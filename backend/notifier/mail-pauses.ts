import type { Clock } from '../ports/clock.ts';

const firstSeconds = 5;
/** A server that was away for hours has its mail soon after it is back. */
const longestForServerSeconds = 300;
/** What a server puts off (greylisting) it does for up to an hour. */
const longestForMailSeconds = 3600;

/** Seconds until a mail is tried again that the server has put off, `tries` times by now: 5, doubling to an hour. */
export function pauseOfMail(tries: number): number {
  return Math.min(firstSeconds * 2 ** Math.max(tries - 1, 0), longestForMailSeconds);
}

/** The same for one at which the server fell silent: it may be this very mail that it cannot take. */
export function pauseWithoutAnswer(tries: number): number {
  return Math.min(pauseOfMail(tries), longestForServerSeconds);
}

/**
 * What is known of the mail server: while it is away, one mail at a time finds out whether it is back, after pauses that
 * grow from 5 s to 5 min, so that however many mails wait, it is tried 7 times in the first 10 minutes, and then twice.
 */
export interface ServerPauses {
  /** How many mails may be on their way to it at once now; 0 during a pause. */
  allowed(most: number): number;
  /** Seconds until the next try. */
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
      // Of several that were on their way, one failure counts.
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
