import type { Conversion, Notification } from '../../../shared/api.ts';

/**
 * What clients were promised and what they have seen, over all runs of a server. Every broken promise is a violation.
 */
export interface StressLedger {
  acknowledge(conversion: Conversion): void;
  /** An upload that may or may not have been accepted. */
  doubt(fileName: string): void;
  /** An upload that cannot have been accepted. */
  breakOff(fileName: string): void;
  see(conversion: Conversion): void;
  seeNotifications(notifications: readonly Notification[]): void;
  violate(what: string): void;
  readonly acknowledged: ReadonlySet<string>;
  readonly doubtful: ReadonlySet<string>;
  readonly brokenOff: ReadonlySet<string>;
  /** The conversions that were seen as done. */
  readonly done: ReadonlyMap<string, Conversion>;
  readonly violations: readonly string[];
}

export function createStressLedger(): StressLedger {
  const acknowledged = new Set<string>();
  const doubtful = new Set<string>();
  const brokenOff = new Set<string>();
  const done = new Map<string, Conversion>();
  const told = new Map<string, string>();
  const violations: string[] = [];

  return {
    acknowledged,
    doubtful,
    brokenOff,
    done,
    violations,
    violate: (what) => void violations.push(what),
    acknowledge: ({ id }) => void acknowledged.add(id),
    doubt: (fileName) => void doubtful.add(fileName),
    breakOff: (fileName) => void brokenOff.add(fileName),

    see(conversion) {
      const { id, state, fileName, revision } = conversion;
      if (brokenOff.has(fileName)) violations.push(`${fileName} was never sent to its end, and is ${state}`);
      if (state === 'uploading' || state === 'failed' || state === 'cancelled') {
        violations.push(`${fileName} is ${state}: ${JSON.stringify(conversion)}`);
      }
      const before = done.get(id);
      // Its revision grows once more, when a notification covers it.
      if (before !== undefined && JSON.stringify({ ...before, revision }) !== JSON.stringify(conversion)) {
        violations.push(`${fileName} was done, and changed: ${JSON.stringify([before, conversion])}`);
      }
      if (state === 'done') done.set(id, conversion);
    },

    seeNotifications(notifications) {
      const now = new Map(notifications.map((each) => [each.id, JSON.stringify(each)]));
      for (const [id, text] of told) {
        if (now.get(id) !== text) violations.push(`a notification was ${text}, and is ${now.get(id)}`);
      }
      for (const [id, text] of now) told.set(id, text);
      const ids = notifications.flatMap(({ conversionIds }) => conversionIds);
      const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
      if (twice.length > 0) violations.push(`told more than once: ${twice.join(', ')}`);
    },
  };
}
