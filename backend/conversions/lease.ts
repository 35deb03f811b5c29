import type { Logger } from 'pino';
import type { ConversionState } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import { failure } from '../../shared/words/failure-sentence.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import { keepLease } from './kept-lease.ts';
import type { Transition } from './life-cycle.ts';
import type { Rows } from './rows.ts';

/** The state a row must be in for its holder to write. */
export interface Held {
  readonly id: string;
  /** The revision that the holder has just written. */
  readonly revision: number;
  readonly owner: string;
  readonly state: Extract<ConversionState, 'uploading' | 'converting'>;
  readonly attempt: number;
  /** For a resumable upload: which of its writers this is. */
  readonly writer?: string;
  /** For a converter: the turn at which it took the row. After a hand-back, another one takes the same attempt at a later turn. */
  readonly turn?: number | undefined;
}

export interface LeaseParts {
  readonly rows: Rows;
  readonly events: EventBus;
  readonly log: Logger;
}

/**
 * The right to work on a conversion, uploading or converting. It is kept by raising the row's revision. It is lost when the
 * conversion is cancelled, or when the revision has not changed for so long that another process took over. After that, nothing
 * can be written through it.
 */
export interface Lease extends AsyncDisposable {
  /** Fires once the lease is lost, with an AppError `cancelled` or `wrong_state` as its reason. */
  readonly signal: AbortSignal;
  /** The row's revision, as this holder last wrote it. */
  revision(): number;
  /** Fraction 0–1, written with the next renewal. */
  noteProgress(progress: number): void;
  /**
   * Writes `change` if the lease still holds. Resolves with undefined, and writes nothing, if it is lost. While the store is
   * `unavailable`, tries again until `patience` fires; without it, tries once.
   */
  write(change: Transition, patience?: AbortSignal): Promise<ConversionRow | undefined>;
  /** Writes the last change in the same way, and stops renewing, even if the write fails. */
  end(change: Transition, patience?: AbortSignal): Promise<ConversionRow | undefined>;
}

export function holdLease(held: Held, { rows, events, log }: LeaseParts): Lease {
  let progress = 0;
  let { revision } = held;
  const kept = keepLease<Transition, ConversionRow>({
    async write(change) {
      const decided = await rows.decideIfThere(held.id, (row) => (isHeld(row, held) ? change : undefined));
      if (decided !== undefined && !decided.changed && isWritten(decided.row, held, change)) return decided.row;
      if (!decided?.changed) return lossOf(decided?.row);
      revision = decided.row.revision;
      return decided.row;
    },
    renewal: () => ({ type: 'renewed', progress }),
    log: log.child({ conversion: held.id }),
  });

  // This makes a cancel noticed at once. The message may be late or outdated, so the row is read again.
  const subscription = events.subscribeInternal(
    { owner: held.owner, kinds: ['look_now'] },
    ({ message }) => {
      if (message.type === 'look_now' && message.conversionId === held.id) kept.renew();
    },
    kept.renew,
  );

  return {
    signal: kept.signal,
    revision: () => revision,
    noteProgress(fraction) {
      progress = fraction;
    },
    write: kept.write,
    async end(change, patience) {
      subscription.end();
      return await kept.end(change, patience);
    },
    async [Symbol.asyncDispose]() {
      subscription.end();
      await kept[Symbol.asyncDispose]();
    },
  };
}

function lossOf(row: Pick<ConversionRow, 'state'> | undefined): AppError {
  const cancelled = row === undefined || row.state === 'cancelled';
  return cancelled ? failure('cancelled') : new AppError('wrong_state', 'The conversion was taken over.');
}

/**
 * Whether this holder has written `change`: an earlier try may have failed with only its answer lost. Nobody else ends an attempt
 * so. A release is not recognised, since another converter may hold the same attempt by now: it counts as a loss.
 */
function isWritten(row: ConversionRow, held: Held, change: Transition): boolean {
  switch (change.type) {
    case 'finished':
      return row.state === 'done' && row.attempt === held.attempt;
    case 'failed':
      return row.state === 'failed' && row.attempt === held.attempt;
    case 'uploaded':
      return held.writer === undefined && row.state !== 'uploading' && row.state !== 'cancelled';
    default:
      return false;
  }
}

function isHeld(row: ConversionRow, held: Held): boolean {
  const { state, attempt, turn, writer } = held;
  return row.state === state && row.attempt === attempt && row.turn === turn && row.upload?.writer === writer;
}
