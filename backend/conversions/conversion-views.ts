import type { Conversion } from '../../shared/api.ts';
import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import { type Retention, toConversion } from './conversion-view.ts';
import type { LiveProgress } from './live-progress.ts';

/** Rows as their owner sees them, with their positions in the queue and their latest progress. Without peaks. */
export interface ConversionViews {
  one(row: ConversionRow): Promise<Conversion>;
  /** The rows of one owner, in the order given. */
  all(rows: readonly ConversionRow[]): Promise<Conversion[]>;
}

export interface ConversionViewsParts {
  readonly store: Pick<ConversionStore, 'queuePositions'>;
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

  async function all(rows: readonly ConversionRow[]): Promise<Conversion[]> {
    const queued = rows.filter(({ state }) => state === 'queued').map(({ id }) => id);
    const positions = queued.length === 0 ? new Map<string, number>() : await store.queuePositions(queued);
    // A row that was taken since it was read is the next one that its owner sees go.
    return rows.map((row) => view(row, row.state === 'queued' ? (positions.get(row.id) ?? 0) : undefined));
  }

  return {
    all,
    async one(row) {
      const [conversion] = await all([row]);
      if (conversion === undefined) throw new Error('a row has no view');
      return conversion;
    },
  };
}
