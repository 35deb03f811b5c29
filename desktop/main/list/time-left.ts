/** Time left as it is shown: not at once, not jumpily, and no finer than anybody believes. */
export interface TimeLeft {
  /**
   * What to show at this moment, in seconds; undefined where nothing is to be said yet.
   * @param seconds what is reckoned to be left now
   * @param now monotonic, in seconds
   */
  read(seconds: number | undefined, now: number): number | undefined;
}

/** So long nothing is said: the first figures are wild. */
const quietSeconds = 5;
/** What is shown stays so long at least. */
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

/** Under a minute to tens of seconds, and never to none; under ten minutes to minutes; above that to five. */
export function roundTimeLeft(seconds: number): number {
  if (seconds < 55) return Math.max(10, Math.round(seconds / 10) * 10);
  if (seconds < 570) return Math.max(60, Math.round(seconds / 60) * 60);
  return Math.round(seconds / 300) * 300;
}
