import type { Logger } from 'pino';
import { isAppError } from '../../../shared/errors.ts';
import { failure } from '../../../shared/words/failure-sentence.ts';
import type { Entries } from './entries.ts';
import { type LiveEntries, monotonicSeconds as now } from './live-entries.ts';

export interface EntryWorkParts {
  readonly entries: Pick<Entries, 'apply'>;
  readonly live: LiveEntries;
  /** Aborted when the app ends. */
  readonly closing: AbortSignal;
  /** Called when other work may begin. */
  readonly wake: () => void;
  readonly log: Logger;
}

/** Runs one piece of work at a time for each entry, and decides what an error means for the entry. */
export interface EntryWork {
  start(id: string, isSaving: boolean, work: (controller: AbortController) => Promise<void>): void;
  /** Nothing is started for this entry before `seconds` have passed. */
  later(id: string, seconds: number): void;
  /** Resolves once nothing is under way. */
  settled(): Promise<void>;
}

/** The pause after an error that is likely to pass. */
const pauseSeconds = 5;
/** The pause while a disk is full. */
export const fullDiskPauseSeconds = 30;

export function createEntryWork({ entries, live, closing, wake, log }: EntryWorkParts): EntryWork {
  const underWay = new Set<Promise<void>>();

  function fail(id: string, error: unknown): void {
    if (isAppError(error, 'unavailable', 'too_many', 'locked', 'request_timeout', 'unauthorized', 'data_in_use')) {
      later(id, pauseSeconds);
    } else if (isAppError(error, 'disk_full')) {
      later(id, fullDiskPauseSeconds);
    } else {
      if (!isAppError(error)) log.error({ err: error }, 'an entry of the list failed');
      const reason = isAppError(error) ? error : failure('internal');
      const { code, message, details } = reason;
      entries.apply(id, { type: 'failed', code, message, ...(details === undefined ? {} : { details }) });
    }
  }

  function later(id: string, seconds: number): void {
    live.update(id, { notBefore: now() + seconds });
    setTimeout(wake, seconds * 1000 + 50).unref();
  }

  return {
    start(id, isSaving, work) {
      const controller = new AbortController();
      live.update(id, { controller, isSaving });
      const one = work(controller)
        .catch((error: unknown) => {
          if (!controller.signal.aborted && !closing.aborted) fail(id, error);
        })
        .catch((error: unknown) => {
          log.error({ err: error }, 'an entry of the list failed, and that could not be written');
          later(id, pauseSeconds);
        })
        .finally(() => {
          live.end(id, controller);
          underWay.delete(one);
          wake();
        });
      underWay.add(one);
    },
    later,
    async settled() {
      await Promise.all(underWay);
    },
  };
}
