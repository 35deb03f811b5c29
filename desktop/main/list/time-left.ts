/** The time left as it is shown: late enough to be right, steady, and rounded. */
export interface TimeLeft {
  /**
   * The time to show now, in seconds; undefined while it is too early.
   * @param seconds the current estimate
   * @param now monotonic, in seconds
   */
  read(seconds: number | undefined, now: number): number | undefined;
}

/** Nothing is shown for this long, because the first estimates are far off. */
const quietSeconds = 5;
/** A shown time stays for at least this long. */
const steadySeconds = 2;

export function steadyTimeLeft(startedAt: number): TimeLeft {
  let shown: { readonly seconds: number | undefined; readonly at: number } | undefined;
  return {
    read(seconds, now) {
      if (now - startedAt < quietSeconds) return undefined;
      if (shown === undefined || now - shown.at >= steadySeconds) {
        shown = { seconds: seconds === undefined ? undefined : roundTimeLeft(seconds), at: now };
      }
      return shown.seconds;
    },
  };
}

/** Rounds to 10 seconds under a minute (and at least 10), to minutes under 10 minutes, and to 5 minutes above. */
export function roundTimeLeft(seconds: number): number {
  if (seconds < 55) return Math.max(10, Math.round(seconds / 10) * 10);
  if (seconds < 570) return Math.max(60, Math.round(seconds / 60) * 60);
  return Math.round(seconds / 300) * 300;
}
