import type { Logger } from 'pino';
import { AppError } from '../../shared/errors.ts';
import type { ServerEvent } from '../../shared/events.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import { type Retention, toConversion } from './conversion-view.ts';
import { isSilent, nextRow, type Transition } from './life-cycle.ts';

/**
 * Reads the current row and returns the change to make to it; `undefined` makes no change. May throw to refuse. Called again with
 * the newer row if another process wrote in between.
 */
export type Decision = (row: ConversionRow) => Transition | undefined;

/** The row after a decision. `changed` is false if the decision made no change. */
export interface Decided {
  readonly row: ConversionRow;
  readonly changed: boolean;
}

/**
 * The only writer of the conversions' rows. Every write is a legal change, and a compare-and-set against the row that it was
 * decided on.
 */
export interface Rows {
  /** Resolves with false, and inserts nothing, if the owner already has `most` rows in the state of this one. */
  insert(row: ConversionRow, most?: number): Promise<boolean>;
  get(id: string): Promise<ConversionRow | undefined>;
  /** Throws `not_found` if there is no row, `wrong_state` if the life cycle does not allow the change. */
  decide(id: string, decision: Decision): Promise<Decided>;
  /** The same for a caller that does not know whether the row exists. Undefined if it does not. */
  decideIfThere(id: string, decision: Decision): Promise<Decided | undefined>;
}

/** Called for each transition that this process has written, with the row after it. */
export type OnTransition = (change: Transition, row: ConversionRow) => void;

export interface RowsParts {
  readonly store: ConversionStore;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retention: Retention;
  readonly onTransition?: OnTransition;
}

export function createRows({ store, events, clock, log, retention, onTransition }: RowsParts): Rows {
  function announce(row: ConversionRow, change: Transition | { type: 'created' }): void {
    const event = eventOf(row, change, retention);
    const { id: conversionId, owner } = row;
    if (event !== undefined) events.publish({ owner, event });
    if (takesLease.includes(change.type))
      events.publishInternal({ owner, message: { type: 'look_now', conversionId } });
    log.debug({ conversion: row.id, change: change.type, state: row.state, attempt: row.attempt }, 'conversion');
  }

  async function decideIfThere(id: string, decision: Decision): Promise<Decided | undefined> {
    for (;;) {
      const row = await store.get(id);
      if (row === undefined) return undefined;
      const change = decision(row);
      if (change === undefined) return { row, changed: false };
      const next = nextRow(row, change, clock.now().toISOString());
      if (next === undefined) throw wrongState(row, change);
      if (await store.replace(row, next)) {
        announce(next, change);
        onTransition?.(change, next);
        return { row: next, changed: true };
      }
    }
  }

  return {
    async insert(row, most) {
      const inserted = await store.insert(row, most);
      if (inserted) announce(row, { type: 'created' });
      return inserted;
    },

    get: (id) => store.get(id),
    decideIfThere,

    async decide(id, decision) {
      const decided = await decideIfThere(id, decision);
      if (decided === undefined) throw notFound();
      return decided;
    },
  };
}

/** The changes that end another holder's lease. */
const takesLease: readonly (Transition | { type: 'created' })['type'][] = [
  'cancelled',
  'abandoned',
  'lost',
  'writer_lost',
];

function eventOf(
  row: ConversionRow,
  change: Transition | { type: 'created' },
  retention: Retention,
): ServerEvent | undefined {
  if (row.removedAt !== undefined) return { type: 'removed', ids: [row.id] };
  if (change.type !== 'created' && isSilent(change)) return undefined;
  return { type: 'conversion', conversion: toConversion(row, retention) };
}

/** The same error for a row that does not exist and for one of another owner. */
export function notFound(): AppError {
  return new AppError('not_found', 'There is no such conversion.');
}

function wrongState(row: ConversionRow, change: Transition): AppError {
  if (change.type === 'retried' && row.sourceGone && row.state !== 'done') {
    return new AppError('gone', 'The video of this conversion is no longer kept.');
  }
  return new AppError('wrong_state', `A conversion that is ${row.state} cannot be ${participles[change.type]}.`);
}

const participles: Readonly<Record<Transition['type'], string>> = {
  uploaded: 'uploaded',
  write_begun: 'added to',
  doubted: 'doubted',
  write_ended: 'released by its writer',
  writer_lost: 'taken from its writer',
  abandoned: 'abandoned',
  taken: 'converted',
  renewed: 'renewed',
  read: 'read',
  finished: 'finished',
  failed: 'failed',
  released: 'given back',
  ffmpeg_died: 'tried again',
  lost: 'taken over',
  cancelled: 'cancelled',
  retried: 'retried',
  source_gone: 'left without its video',
  removed: 'removed',
};
