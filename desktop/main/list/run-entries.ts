import type { Logger } from 'pino';
import type { Conversion } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { oneAtATime } from '../../../shared/one-at-a-time.ts';
import { type Backends, hereKey, type KnownBackend } from '../backends/backends.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import type { CallOutbox } from './call-outbox.ts';
import { chooseWork } from './choose-work.ts';
import type { Questions } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import { type Entry, isAtRest } from './entry.ts';
import { type EntryWorkNow, entryWorkNow } from './entry-now.ts';
import { createEntryWork, fullDiskPauseSeconds } from './entry-work.ts';
import { handOverEntry } from './hand-over-entry.ts';
import { hearBackends } from './hear-backends.ts';
import { createLiveEntries } from './live-entries.ts';
import { type SavingTogether, saveEntry, savingTogether } from './save-entry.ts';

export interface EntryRunnerParts {
  readonly entries: Entries;
  readonly backends: Backends;
  readonly settings: SettingsStore;
  readonly questions: Questions;
  readonly outbox: CallOutbox;
  /** Called with the ids of entries whose rows may look different now. */
  readonly onChange: (ids: readonly string[]) => void;
  readonly log: Logger;
}

/** Does the work of the list: hands entries over to their backends and saves their MP3s, a few at a time. */
export interface EntryRunner extends AsyncDisposable {
  /** Soon starts all work that can be started. Cheap to call often. */
  wake(): void;
  now(entry: Entry): EntryWorkNow;
  /** Ends the work for an entry here. Its conversion at the backend stays. */
  stop(id: string): void;
  /** Stops what has not begun to convert: takes it back from this computer's queue, and sends nothing more to servers. */
  hold(): void;
  /** Retries now what waits for a later try. */
  hurry(): void;
}

export function createEntryRunner(parts: EntryRunnerParts): EntryRunner {
  const { entries, backends, settings, questions, outbox, onChange, log } = parts;
  const live = createLiveEntries(onChange);
  const closing = new AbortController();
  const { signal: closed } = closing;
  const work = createEntryWork({ entries, live, closing: closed, wake, log });
  const together: SavingTogether = savingTogether(entries);
  /** This computer's backend gets one entry at a time, so that its queue is in the order of the list. */
  const inTurn = oneAtATime();
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
    if (closed.aborted) return;
    wakeTimer ??= setTimeout(() => {
      wakeTimer = undefined;
      run();
    }, 20);
  }

  function run(): void {
    outbox.send();
    for (const known of inUse()) heard.follow(known);
    for (const { kind, entry, known } of chooseWork({ entries, live, backends, isPaused: settings.get().paused })) {
      const step = kind === 'save' ? save : handOver;
      work.start(entry.id, kind === 'save', (controller) => step(entry, known, controller));
    }
  }

  /** The backends of all entries that have not ended. */
  function inUse(): ReadonlySet<KnownBackend> {
    return new Set(
      [...entries.all()].flatMap((entry) => (isAtRest(entry) ? [] : (backends.of(entry.backendKey) ?? []))),
    );
  }

  async function handOver(entry: Entry, known: KnownBackend, controller: AbortController): Promise<void> {
    const parts = { entries, live, outbox, controller, closing: closed };
    const submit = (): Promise<Conversion | undefined> => handOverEntry(entry, known, parts);
    const conversion = await (known.host === undefined ? inTurn(submit) : submit());
    if (conversion !== undefined) heard.hearOf(conversion);
  }

  async function save({ id }: Entry, { backend }: KnownBackend, controller: AbortController): Promise<void> {
    const entry = entries.apply(id, { type: 'save_again' });
    if (entry === undefined) return;
    const signal = AbortSignal.any([controller.signal, closed]);
    try {
      await saveEntry({ entry, backend, questions, together, entries, signal });
      if (entries.get(id)?.step.kind === 'unsaved') work.later(id, fullDiskPauseSeconds);
      outbox.send();
    } catch (error) {
      if (signal.aborted || !isAppError(error, 'not_found', 'gone', 'wrong_state')) throw error;
      // The MP3 no longer exists: it is made again.
      entries.apply(id, { type: 'lost' });
    }
  }

  /** Takes an entry out of this computer's queue. */
  function takeBack({ id, step, backendKey }: Entry): void {
    if (step.kind !== 'accepted') return;
    const { conversionId } = step;
    entries.apply(id, { type: 'taken_back' }, [{ conversionId, backendKey, action: 'remove' }]);
    outbox.send();
  }

  const unfollow = backends.follow(() => {
    live.doubtAll();
    live.hurryAll();
    heard.leaveOthers(new Set([...inUse()].map(({ backend }) => backend)));
    onChange(entries.ids((entry) => !isAtRest(entry)));
    wake();
  });
  wake();

  return {
    wake,
    now: (entry) => entryWorkNow(entry, live, backends),
    stop(id) {
      const controller = live.get(id)?.controller;
      live.forget(id);
      controller?.abort(new AppError('cancelled', 'The work was stopped.'));
    },
    hold() {
      for (const entry of entries.all()) {
        const { controller, state } = live.get(entry.id) ?? {};
        if (entry.backendKey !== hereKey) {
          const isSending = entry.step.kind === 'new' || entry.step.kind === 'begun';
          if (isSending) controller?.abort(new AppError('cancelled', 'The list is paused.'));
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
      await work.settled();
    },
  };
}
