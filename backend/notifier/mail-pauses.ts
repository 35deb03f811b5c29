import type { Clock } from '../ports/clock.ts';

const firstSeconds = 5;
/** At most 5 minutes, so that a server that was down for hours gets its mail soon after it is back. */
const longestForServerSeconds = 300;
/** At most an hour, which is how long servers defer a mail when they use greylisting. */
const longestForMailSeconds = 3600;

/** Seconds until the next attempt for a mail that the server has deferred `tries` times: 5, doubling up to an hour. */
export function pauseOfMail(tries: number): number {
  return Math.min(firstSeconds * 2 ** Math.max(tries - 1, 0), longestForMailSeconds);
}

/** The same for a mail during which the server stopped answering. The server may be unable to accept this mail. */
export function pauseWithoutAnswer(tries: number): number {
  return Math.min(pauseOfMail(tries), longestForServerSeconds);
}

/**
 * The state of the mail server. While it cannot be reached, one mail at a time is tried, after pauses that grow from 5 s to 5
 * min. So the server is tried 7 times in the first 10 minutes and then every 5 minutes, no matter how many mails wait.
 */
export interface ServerPauses {
  /** How many mails may be in progress at once now; 0 during a pause. */
  allowed(most: number): number;
  /** Seconds until the next attempt. */
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
      // If several mails in progress fail, they count as one failure.
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
