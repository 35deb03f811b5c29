import type { Conversion } from '../../shared/api.ts';
import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import { type Retention, toConversion } from './conversion-view.ts';
import type { LiveProgress } from './live-progress.ts';
import { queuePositions } from './queue-positions.ts';

/** Rows as their owner sees them, with their positions in the queue and their latest progress. Without peaks. */
export interface ConversionViews {
  one(row: ConversionRow): Promise<Conversion>;
  /** The rows of one owner, in the order given. */
  all(rows: readonly ConversionRow[]): Promise<Conversion[]>;
}

export interface ConversionViewsParts {
  readonly store: Pick<ConversionStore, 'countQueuedBefore'>;
  readonly live: LiveProgress;
  readonly retention: Retention;
}

export function createConversionViews({ store, live, retention }: ConversionViewsParts): ConversionViews {
  function view(row: ConversionRow, position: number | undefined): Conversion {
    const latest = row.state === 'converting' ? live.of(row.owner, row.id) : undefined;
    return toConversion(row, retention, {
      ...(position === undefined ? {} : { position }),
      ...(latest === undefined ? {} : { latest }),
    });
  }

  return {
    async one(row) {
      return view(row, row.state === 'queued' ? await store.countQueuedBefore(row.id) : undefined);
    },
    async all(rows) {
      const positions = await queuePositions(rows, (id) => store.countQueuedBefore(id));
      return rows.map((row) => view(row, positions.get(row.id)));
    },
  };
}
