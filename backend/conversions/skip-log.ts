import type { Logger } from 'pino';
import type { Clock } from '../ports/clock.ts';
import type { ReportSkipped, SkippedItem } from '../ports/skipped-item.ts';

/** How often the same item is logged and counted. It is skipped much more often: at each round of the sweeper, for example. */
const againSeconds = 3600;
/** The most items that are remembered. With more, some are logged more often. */
const mostRemembered = 10_000;

export interface SkipLogParts {
  readonly clock: Pick<Clock, 'monotonicSeconds'>;
  readonly log: Logger;
  /** Called once for each line that is logged. */
  readonly onSkipped?: (item: SkippedItem) => void;
}

/** Logs skipped items, each at most once an hour. */
export function createSkipLog({ clock, log, onSkipped }: SkipLogParts): ReportSkipped {
  const loggedAt = new Map<string, number>();
  return (item) => {
    const { kind, id, what, cause } = item;
    const key = `${kind} ${id}`;
    const now = clock.monotonicSeconds();
    const last = loggedAt.get(key);
    if (last !== undefined && now - last < againSeconds) return;
    // The map is in the order of times, so the oldest one goes.
    loggedAt.delete(key);
    const [oldest] = loggedAt.keys();
    if (loggedAt.size >= mostRemembered && oldest !== undefined) loggedAt.delete(oldest);
    loggedAt.set(key, now);
    log.error({ err: cause, [kind]: id }, `${what}; it is skipped, and the others go on`);
    onSkipped?.(item);
  };
}
