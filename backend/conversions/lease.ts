import type { Logger } from 'pino';
import type { ConversionState } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import { keepLease } from './kept-lease.ts';
import type { Transition } from './life-cycle.ts';
import type { Rows } from './rows.ts';

/** Where a holder's row must be for the holder to write. */
export interface Held {
  readonly id: string;
  readonly owner: string;
  readonly state: Extract<ConversionState, 'uploading' | 'converting'>;
  readonly attempt: number;
  /** Of a resumable upload: which of its writers this one is. */
  readonly writer?: string;
}

export interface LeaseParts {
  readonly rows: Rows;
  readonly events: EventBus;
  readonly log: Logger;
}

/**
 * The right to work on a conversion, uploading or converting. It is kept by raising the row's revision. It is lost by a cancel, or
 * when the row stood still for so long that somebody took over; then nothing can be written through it.
 */
export interface Lease extends AsyncDisposable {
  /** Fires once the lease is lost, with an AppError `cancelled` or `wrong_state` as its reason. */
  readonly signal: AbortSignal;
  /** Fraction 0–1, written with the next renewal. */
  noteProgress(progress: number): void;
  /** Writes `change` if the lease still holds; undefined, and nothing written, if it is lost. */
  write(change: Transition): Promise<ConversionRow | undefined>;
  /** Writes the last change and lets go, whatever comes of it. */
  end(change: Transition): Promise<ConversionRow | undefined>;
}

export function holdLease(held: Held, { rows, events, log }: LeaseParts): Lease {
  let progress = 0;
  const kept = keepLease<Transition, ConversionRow>({
    async write(change) {
      const decided = await rows.decideIfThere(held.id, (row) => (isHeld(row, held) ? change : undefined));
      return decided?.changed ? decided.record : lossOf(decided?.record);
    },
    renewal: () => ({ type: 'renewed', progress }),
    log: log.child({ conversion: held.id }),
  });

  // A cancel is noticed at once this way. An event may be late and old: the row has the last word.
  const unsubscribe = events.subscribe(({ event }) => {
    const removed = event.type === 'removed' && event.ids.includes(held.id);
    const moved = event.type === 'conversion' && event.conversion.id === held.id && !isAt(event.conversion, held);
    if (removed || moved) kept.renew();
  });

  return {
    signal: kept.signal,
    noteProgress(fraction) {
      progress = fraction;
    },
    write: kept.write,
    async end(change) {
      unsubscribe();
      return await kept.end(change);
    },
    async [Symbol.asyncDispose]() {
      unsubscribe();
      await kept[Symbol.asyncDispose]();
    },
  };
}

function lossOf(record: Pick<ConversionRow, 'state'> | undefined): AppError {
  const cancelled = record === undefined || record.state === 'cancelled';
  return cancelled
    ? new AppError('cancelled', 'The conversion was cancelled.')
    : new AppError('wrong_state', 'The conversion was taken over.');
}

function isHeld(row: ConversionRow, held: Held): boolean {
  return isAt(row, held) && row.upload?.writer === held.writer;
}

function isAt(row: Pick<ConversionRow, 'state' | 'attempt'>, held: Held): boolean {
  return row.state === held.state && row.attempt === held.attempt;
}
