import type { AppChange, Row } from '../../ipc.ts';

/** Collects what changed and tells it together. */
export interface ChangeTeller extends Disposable {
  tell(change: AppChange): void;
}

/** So often the page hears of changes at most: it could not draw more of them. */
const tellEveryMilliseconds = 50;

/** Calls `send` with the changes of each interval, in their order; of a row that changed more than once, only how it is at last. */
export function tellChanges(send: (changes: readonly AppChange[]) => void): ChangeTeller {
  let waiting: AppChange[] = [];
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    timer = undefined;
    const changes = waiting;
    waiting = [];
    if (changes.length > 0) send(changes);
  }

  return {
    tell(change) {
      waiting = joined(waiting, change);
      timer ??= setTimeout(flush, tellEveryMilliseconds);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      waiting = [];
    },
  };
}

/** What is told whole replaces what was told before; rows are put together; the rest is told one by one. */
function joined(changes: readonly AppChange[], next: AppChange): AppChange[] {
  switch (next.type) {
    case 'announce':
    case 'show':
      return [...changes, next];
    case 'rows': {
      const earlier = changes.find((change) => change.type === 'rows');
      if (earlier === undefined) return [...changes, next];
      const rows = new Map<string, Row>(earlier.changed.map((row) => [row.id, row]));
      const removed = new Set(earlier.removed);
      for (const id of next.removed) {
        rows.delete(id);
        removed.add(id);
      }
      for (const row of next.changed) {
        rows.set(row.id, row);
        removed.delete(row.id);
      }
      const both: AppChange = { type: 'rows', changed: [...rows.values()], removed: [...removed] };
      return changes.map((change) => (change === earlier ? both : change));
    }
    default:
      return [...changes.filter(({ type }) => type !== next.type), next];
  }
}
