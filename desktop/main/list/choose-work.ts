import { type Backends, hereKey, type KnownBackend } from '../backends/backends.ts';
import type { Entries } from './entries.ts';
import { type Entry, isAtRest } from './entry.ts';
import { type LiveEntries, monotonicSeconds as now } from './live-entries.ts';

/** Work that can be started now. */
export interface ChosenWork {
  readonly kind: 'hand_over' | 'save';
  readonly entry: Entry;
  readonly known: KnownBackend;
}

export interface ChooseWorkParts {
  readonly entries: Pick<Entries, 'all'>;
  readonly live: Pick<LiveEntries, 'get'>;
  readonly backends: Pick<Backends, 'of'>;
  /** Whether the whole list is paused. */
  readonly isPaused: boolean;
}

/** Enough entries at this computer's backend to keep it busy, and few enough to be taken back quickly. */
const handedOverHere = 8;
/** For each server: two are uploaded at a time, and one more is being created. */
const handedOverThere = 3;
/** The most MP3s that are fetched and saved at the same time. */
const savesAtOnce = 2;

/** Chooses the work to start now, in the order of the list, within the limits for each backend and for saving. */
export function chooseWork({ entries, live, backends, isPaused }: ChooseWorkParts): readonly ChosenWork[] {
  const handed = new Map<string, number>();
  const count = (key: string): void => void handed.set(key, (handed.get(key) ?? 0) + 1);
  let saving = 0;
  for (const entry of entries.all()) {
    const { controller, isSaving } = live.get(entry.id) ?? {};
    if (isSaving === true) saving += 1;
    else if (controller !== undefined) count(entry.backendKey);
    else if (entry.backendKey === hereKey && entry.step.kind === 'accepted') count(hereKey);
  }
  const chosen: ChosenWork[] = [];
  for (const entry of entries.all()) {
    if (isAtRest(entry)) continue;
    const known = backends.of(entry.backendKey);
    const one = live.get(entry.id);
    if (known === undefined || one?.controller !== undefined || now() < (one?.notBefore ?? 0)) continue;
    if (entry.step.kind === 'new' || entry.step.kind === 'begun') {
      if (isHeldBack(entry, known, isPaused) || (handed.get(known.key) ?? 0) >= mostHandedOver(known)) continue;
      count(known.key);
      chosen.push({ kind: 'hand_over', entry, known });
    } else if (isToBeSaved(entry) && saving < savesAtOnce) {
      saving += 1;
      chosen.push({ kind: 'save', entry, known });
    }
  }
  return chosen;
}

function isHeldBack(entry: Entry, known: KnownBackend, isPaused: boolean): boolean {
  if (known.host !== undefined && !known.reachable()) return true;
  // This computer's backend got it before the app last ended, and may have begun it.
  if (known.host === undefined && entry.step.kind === 'begun' && entry.step.isAgain !== true) return false;
  return entry.isHeld || isPaused;
}

function mostHandedOver({ host }: KnownBackend): number {
  return host === undefined ? handedOverHere : handedOverThere;
}

/** Includes those that a full disk kept from being saved: there may be room again. */
function isToBeSaved({ step }: Entry): boolean {
  return (
    step.kind === 'finished' || step.kind === 'placing' || (step.kind === 'unsaved' && step.reason === 'disk_full')
  );
}
