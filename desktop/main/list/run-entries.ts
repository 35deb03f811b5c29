import type { Logger } from 'pino';
import type { Conversion } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { Backend } from '../../client/backend.ts';
import { type Backends, hereKey, type KnownBackend } from '../backends/backends.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import type { CallOutbox } from './call-outbox.ts';
import type { Questions } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import { type Entry, isAtRest } from './entry.ts';
import { handOverEntry } from './hand-over-entry.ts';
import { hearBackends } from './hear-backends.ts';
import { createLiveEntries, monotonicSeconds as now } from './live-entries.ts';
import type { EntryNow } from './row-view.ts';
import { type SavingTogether, saveEntry, savingTogether } from './save-entry.ts';

export interface EntryRunnerParts {
  readonly entries: Entries;
  readonly backends: Backends;
  readonly settings: SettingsStore;
  readonly questions: Questions;
  readonly outbox: CallOutbox;
  /** Called with the ids of entries of which something else is to be shown. */
  readonly onChange: (ids: readonly string[]) => void;
  readonly log: Logger;
}

/** Takes the entries of the list from where they are to their saved MP3s. */
export interface EntryRunner extends AsyncDisposable {
  /** Looks what can go on; cheap to call often. */
  wake(): void;
  /** What is known of an entry at this moment. */
  now(entry: Entry): Omit<EntryNow, 'before' | 'isFresh' | 'isMissing' | 'isPaused'>;
  /** Ends what runs for it here. The backend still has what it has. */
  stop(id: string): void;
  /** Holds what has not begun: what waits at this computer's backend is taken back, and nothing more is sent to others. */
  hold(): void;
  /** Lets what could not be done be tried at once. */
  hurry(): void;
}

/** This computer's backend has so many more than it can run at once: none of its time is lost, and few have to be taken back. */
const handedOverHere = 8;
/** For each server: two are sent at a time, and one more is being begun. */
const handedOverThere = 3;
/** So many MP3s are fetched and saved at the same time. */
const savesAtOnce = 2;
/** After what will pass, and while a disk is full. */
const pauseSeconds = 5;
const fullDiskPauseSeconds = 30;

export function createEntryRunner(parts: EntryRunnerParts): EntryRunner {
  const { entries, backends, settings, questions, outbox, onChange, log } = parts;
  const live = createLiveEntries(onChange);
  const underWay = new Set<Promise<void>>();
  const closing = new AbortController();
  const together: SavingTogether = savingTogether(entries);
  let lastHere: Promise<unknown> = Promise.resolve();
  let wakeTimer: NodeJS.Timeout | undefined;

  const heard = hearBackends({
    entries,
    live,
    backends,
    wake,
    onQueuedHere(entry) {
      if (entry.isHeld || settings.get().paused) takeBack(entry);
    },
    log,
  });

  function wake(): void {
    if (closing.signal.aborted) return;
    wakeTimer ??= setTimeout(() => {
      wakeTimer = undefined;
      run();
    }, 20);
  }

  /** Lets that work run as the entry's. Whatever comes of it that nobody reckoned with does not come again at once. */
  function start(id: string, isSaving: boolean, work: (controller: AbortController) => Promise<void>): void {
    const controller = new AbortController();
    live.update(id, { controller, isSaving });
    const one = work(controller)
      .catch((error: unknown) => {
        if (!controller.signal.aborted && !closing.signal.aborted) fail(id, error);
      })
      .catch((error: unknown) => {
        log.error({ err: error }, 'an entry of the list failed, and that could not be written down');
        later(id, pauseSeconds);
      })
      .finally(() => {
        live.end(id, controller);
        underWay.delete(one);
        wake();
      });
    underWay.add(one);
  }

  function run(): void {
    outbox.send();
    const handed = new Map<string, number>();
    const count = (key: string): void => void handed.set(key, (handed.get(key) ?? 0) + 1);
    let saving = 0;
    for (const entry of entries.all()) {
      const { controller, isSaving } = live.get(entry.id) ?? {};
      if (isSaving === true) saving += 1;
      else if (controller !== undefined) count(entry.backendKey);
      else if (entry.backendKey === hereKey && entry.step.kind === 'accepted') count(hereKey);
    }
    for (const entry of entries.all()) {
      if (isAtRest(entry)) continue;
      const known = backends.of(entry.backendKey);
      if (known === undefined) continue;
      heard.follow(known);
      const one = live.get(entry.id);
      if (one?.controller !== undefined || now() < (one?.notBefore ?? 0)) continue;
      if (entry.step.kind === 'new' || entry.step.kind === 'begun') {
        if (isHeldBack(entry, known) || (handed.get(known.key) ?? 0) >= mostHandedOver(known)) continue;
        count(known.key);
        start(entry.id, false, (controller) => handOver(entry, known, controller));
      } else if (isToBeSaved(entry) && saving < savesAtOnce) {
        saving += 1;
        start(entry.id, true, (controller) => save(entry, known, controller));
      }
    }
  }

  function isHeldBack(entry: Entry, known: KnownBackend): boolean {
    if (known.host !== undefined && !known.reachable()) return true;
    // What this computer's backend was told of before the last end, it may have begun.
    if (known.host === undefined && entry.step.kind === 'begun' && entry.step.isAgain !== true) return false;
    return entry.isHeld || settings.get().paused;
  }

  /** This computer's backend is told of one after the other: its queue is in the order of the list. */
  async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = lastHere.then(work);
    lastHere = turn.catch(() => undefined);
    return await turn;
  }

  async function handOver(entry: Entry, known: KnownBackend, controller: AbortController): Promise<void> {
    const parts = { entries, live, outbox, controller, closing: closing.signal };
    const work = (): Promise<Conversion | undefined> => handOverEntry(entry, known, parts);
    const conversion = await (known.host === undefined ? inTurn(work) : work());
    if (conversion !== undefined) heard.hearOf(conversion);
  }

  async function save({ id }: Entry, { backend }: KnownBackend, controller: AbortController): Promise<void> {
    const entry = entries.apply(id, { type: 'save_again' });
    if (entry === undefined) return;
    const signal = AbortSignal.any([controller.signal, closing.signal]);
    try {
      await saveEntry({ entry, backend, questions, together, entries, signal });
      if (entries.get(id)?.step.kind === 'unsaved') later(id, fullDiskPauseSeconds);
      outbox.send();
    } catch (error) {
      if (signal.aborted || !isAppError(error, 'not_found', 'gone', 'wrong_state')) throw error;
      // The MP3 is not there any more: it is made again.
      entries.apply(id, { type: 'lost' });
    }
  }

  function fail(id: string, error: unknown): void {
    if (isAppError(error, 'unavailable', 'too_many', 'locked', 'request_timeout', 'unauthorized', 'data_in_use')) {
      later(id, pauseSeconds);
    } else if (isAppError(error, 'disk_full')) {
      later(id, fullDiskPauseSeconds);
    } else {
      if (!isAppError(error)) log.error({ err: error }, 'an entry of the list failed');
      const reason = isAppError(error) ? error : new AppError('internal', 'Something went wrong inside Soundlift.');
      const { code, message, details } = reason;
      entries.apply(id, { type: 'failed', code, message, ...(details === undefined ? {} : { details }) });
    }
  }

  function later(id: string, seconds: number): void {
    live.update(id, { notBefore: now() + seconds });
    setTimeout(wake, seconds * 1000 + 50).unref();
  }

  /** From this computer's queue, before it has begun. */
  function takeBack({ id, step, backendKey }: Entry): void {
    if (step.kind !== 'accepted') return;
    const { conversionId } = step;
    entries.apply(id, { type: 'taken_back' }, [{ conversionId, backendKey, action: 'remove' }]);
    outbox.send();
  }

  const unfollow = backends.follow(() => {
    live.doubtAll();
    live.hurryAll();
    const current = new Set<Backend>();
    const unfinished: string[] = [];
    for (const entry of entries.all()) {
      if (isAtRest(entry)) continue;
      unfinished.push(entry.id);
      const backend = backends.of(entry.backendKey)?.backend;
      if (backend !== undefined) current.add(backend);
    }
    heard.leaveOthers(current);
    onChange(unfinished);
    wake();
  });
  wake();

  return {
    wake,
    now(entry) {
      const known = backends.of(entry.backendKey);
      const host = known?.host ?? backends.hostOf(entry.backendKey);
      const { controller, isSaving, sent, state, speed, etaSeconds, timeLeft } = live.get(entry.id) ?? {};
      const leftSeconds = isAtRest(entry) ? undefined : timeLeft?.read(etaSeconds, now());
      return {
        backend: known === undefined ? 'signed_out' : known.reachable() ? 'reachable' : 'unreachable',
        isHandedOver: controller !== undefined && isSaving !== true,
        ...(host === undefined ? {} : { host }),
        ...(sent === undefined ? {} : { sent }),
        ...(state === undefined ? {} : { state }),
        ...(speed === undefined ? {} : { speed }),
        ...(leftSeconds === undefined ? {} : { leftSeconds }),
      };
    },
    stop(id) {
      const controller = live.get(id)?.controller;
      live.forget(id);
      controller?.abort(new AppError('cancelled', 'It was stopped.'));
    },
    hold() {
      for (const entry of entries.all()) {
        const { controller, state } = live.get(entry.id) ?? {};
        if (entry.backendKey !== hereKey) {
          const isSending = entry.step.kind === 'new' || entry.step.kind === 'begun';
          if (isSending) controller?.abort(new AppError('cancelled', 'It is held.'));
        } else if (state === 'queued') takeBack(entry);
      }
    },
    hurry() {
      live.hurryAll();
      wake();
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('cancelled', 'The app ends.'));
      clearTimeout(wakeTimer);
      unfollow();
      await heard[Symbol.asyncDispose]();
      await Promise.all(underWay);
    },
  };
}

function mostHandedOver({ host }: KnownBackend): number {
  return host === undefined ? handedOverHere : handedOverThere;
}

/** A full disk may have room again. */
function isToBeSaved({ step }: Entry): boolean {
  return (
    step.kind === 'finished' || step.kind === 'placing' || (step.kind === 'unsaved' && step.reason === 'disk_full')
  );
}
