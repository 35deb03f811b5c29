import type { AppChange, Row } from '../../ipc.ts';

/** Collects changes and sends them together. */
export interface ChangeSender extends Disposable {
  add(change: AppChange): void;
}

/** Changes are sent to the page at most this often; it could not draw more of them. */
const sendEveryMilliseconds = 50;

/** Calls `send` with the changes of each interval, in order. Of a row that changed more than once, only its latest state is sent. */
export function createChangeSender(send: (changes: readonly AppChange[]) => void): ChangeSender {
  let waiting: AppChange[] = [];
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    timer = undefined;
    const changes = waiting;
    waiting = [];
    if (changes.length > 0) send(changes);
  }

  return {
    add(change) {
      waiting = joined(waiting, change);
      timer ??= setTimeout(flush, sendEveryMilliseconds);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      waiting = [];
    },
  };
}

/** A whole value replaces an earlier one, rows are merged, and the rest is kept one by one. */
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
