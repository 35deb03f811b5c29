import type { Logger } from 'pino';
import type { ConversionState } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { Transition } from './life-cycle.ts';
import type { Rows } from './rows.ts';

/** How often a holder raises the row's revision. A row that stands still for three times as long may be taken over. */
export const renewEverySeconds = 5;

/** Where a holder's row must be for the holder to write. */
export interface Held {
  readonly id: string;
  /** As the holder has just written it. */
  readonly revision: number;
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
 * The right to work on a conversion, uploading or converting, kept alive by a timer. It is lost by a cancel, or when its
 * row stood still for so long that somebody took over; then nothing can be written through it.
 */
export interface Lease extends AsyncDisposable {
  /** Fires once the lease is lost, with an AppError `cancelled` or `wrong_state` as its reason. */
  readonly signal: AbortSignal;
  /** The row's revision, as this holder last wrote it. */
  revision(): number;
  /** Fraction 0–1, written with the next renewal. */
  noteProgress(progress: number): void;
  /** Writes `change` if the lease still holds; undefined, and nothing written, if it is lost. */
  write(change: Transition): Promise<ConversionRow | undefined>;
  /** Writes the last change and lets go, whatever comes of it. */
  end(change: Transition): Promise<ConversionRow | undefined>;
}

export function holdLease(held: Held, { rows, events, log }: LeaseParts): Lease {
  const lost = new AbortController();
  let progress = 0;
  let { revision } = held;
  // One write after the other: a renewal that is under way must not come after the last change.
  let writing: Promise<unknown> = Promise.resolve();

  function lose(record: Pick<ConversionRow, 'state'> | undefined): void {
    const cancelled = record === undefined || record.state === 'cancelled';
    lost.abort(
      cancelled
        ? new AppError('cancelled', 'The conversion was cancelled.')
        : new AppError('wrong_state', 'The conversion was taken over.'),
    );
  }

  async function writeNow(change: Transition): Promise<ConversionRow | undefined> {
    if (lost.signal.aborted) return undefined;
    const decided = await rows.decideIfThere(held.id, (row) => (isHeld(row, held) ? change : undefined));
    if (decided?.changed) {
      revision = decided.record.revision;
      return decided.record;
    }
    lose(decided?.record);
    return undefined;
  }

  function write(change: Transition): Promise<ConversionRow | undefined> {
    const result = writing.then(() => writeNow(change));
    writing = result.catch(() => undefined);
    return result;
  }

  function renew(): void {
    write({ type: 'renewed', progress }).catch((error: unknown) => {
      // The store is away: the next tick tries again, and a take-over meanwhile shows then.
      log.warn({ err: error, conversion: held.id }, 'could not renew the lease');
    });
  }
  const timer = setInterval(renew, renewEverySeconds * 1000);
  timer.unref();

  // So a cancel is noticed at once. The message may be late and old: the row decides.
  const subscription = events.subscribeInternal(
    { owner: held.owner, kinds: ['look_now'] },
    ({ message }) => {
      if (message.type === 'look_now' && message.conversionId === held.id) renew();
    },
    renew,
  );

  function letGo(): void {
    clearInterval(timer);
    subscription.end();
  }

  return {
    signal: lost.signal,
    revision: () => revision,
    noteProgress(fraction) {
      progress = fraction;
    },
    write,
    async end(change) {
      letGo();
      return await write(change);
    },
    async [Symbol.asyncDispose]() {
      letGo();
      await writing;
    },
  };
}

function isHeld(row: ConversionRow, held: Held): boolean {
  return isAt(row, held) && row.upload?.writer === held.writer;
}

function isAt(row: Pick<ConversionRow, 'state' | 'attempt'>, held: Held): boolean {
  return row.state === held.state && row.attempt === held.attempt;
}
