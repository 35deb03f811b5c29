import type { Backends } from '../backends/backends.ts';
import { type Entry, isAtRest } from './entry.ts';
import { type LiveEntries, monotonicSeconds } from './live-entries.ts';
import type { EntryNow } from './row-view.ts';

/** The part of `EntryNow` that follows from the entry's backend and from the work that is under way for it. */
export type EntryWorkNow = Omit<EntryNow, 'before' | 'isFresh' | 'isMissing' | 'isPaused'>;

export function entryWorkNow(
  entry: Entry,
  live: Pick<LiveEntries, 'get'>,
  backends: Pick<Backends, 'of' | 'hostOf'>,
): EntryWorkNow {
  const known = backends.of(entry.backendKey);
  const host = known?.host ?? backends.hostOf(entry.backendKey);
  const { controller, isSaving, sent, state, speed, etaSeconds, timeLeft } = live.get(entry.id) ?? {};
  const leftSeconds = isAtRest(entry) ? undefined : timeLeft?.read(etaSeconds, monotonicSeconds());
  return {
    backend: known === undefined ? 'signed_out' : known.reachable() ? 'reachable' : 'unreachable',
    isHandedOver: controller !== undefined && isSaving !== true,
    ...(host === undefined ? {} : { host }),
    ...(sent === undefined ? {} : { sent }),
    ...(state === undefined ? {} : { state }),
    ...(speed === undefined ? {} : { speed }),
    ...(leftSeconds === undefined ? {} : { leftSeconds }),
  };
}
