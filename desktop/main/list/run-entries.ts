import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { type Conversion, hasEnded } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import type { Backend } from '../../client/backend.ts';
import { sourceError } from '../../client/system-errors.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import { hereKey, type Workplace, type Workplaces } from '../workplaces/workplaces.ts';
import type { Questions } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import { conversionIdOf, type Entry, isAtRest } from './entry.ts';
import { savingFrom } from './reduce-entry.ts';
import type { EntryNow } from './row-view.ts';
import { saveEntry } from './save-entry.ts';
import { steadyTimeLeft, type TimeLeft } from './time-left.ts';

export interface EntryRunnerParts {
  readonly entries: Entries;
  readonly workplaces: Workplaces;
  readonly settings: SettingsStore;
  readonly questions: Questions;
  /** Called with the ids of entries of which something else is to be shown. */
  readonly onChange: (ids: readonly string[]) => void;
  readonly log: Logger;
}

/** Takes the entries of the list from where they are to their saved MP3s. */
export interface EntryRunner extends AsyncDisposable {
  /** Looks what can go on; cheap to call often. */
  wake(): void;
  /** What is known of an entry at this moment. */
  now(entry: Entry): Omit<EntryNow, 'before' | 'isPaused' | 'isFresh'>;
  /** Ends what runs for it here. The backend still has what it has. */
  stop(id: string): void;
  /** Lets its backend stop it, as soon as that can be told. */
  cancelAtBackend(entry: Entry): void;
  /** Takes back what waits at this computer's backend, so that nothing of it begins. */
  takeBackWaiting(only?: string): Promise<void>;
  /** Lets what could not be done be tried at once. */
  hurry(): void;
}

/** This computer's backend has so many more than it can run at once: none of its time is lost, and few have to be taken back. */
const handedOverHere = 8;
/** For each server: two are sent at a time, and one more is being begun. */
const handedOverThere = 3;
/** So many MP3s are fetched and saved at the same time. */
const savesAtOnce = 2;
/** Nothing was heard of it for so long: it is asked after. */
const silentSeconds = 5;
const silentInQueueSeconds = 30;
const askedAtOnce = 8;
/** After what will pass, and while a disk is full. */
const pauseSeconds = 5;
const fullDiskPauseSeconds = 30;

interface Live {
  readonly controller?: AbortController;
  readonly sent?: number;
  readonly state?: Conversion['state'];
  readonly speed?: number;
  readonly etaSeconds?: number;
  readonly timeLeft?: TimeLeft;
  /** When the upload began; monotonic, in seconds. */
  readonly sentSince?: number;
  readonly heardAt?: number;
  /** Not to be tried again before. */
  readonly notBefore?: number;
  readonly isSaving?: boolean;
}

export function createEntryRunner(parts: EntryRunnerParts): EntryRunner {
  const { entries, workplaces, settings, questions, onChange, log } = parts;
  const live = new Map<string, Live>();
  const followed = new Map<Backend, () => void>();
  /** Cancelled here while their backend could not be told. */
  const owedCancels = new Set<string>();
  const underWay = new Set<Promise<void>>();
  const closing = new AbortController();
  let wakeTimer: NodeJS.Timeout | undefined;
  let asking = 0;

  function update(id: string, change: Partial<Live>): void {
    live.set(id, { ...live.get(id), ...change });
    onChange([id]);
  }

  function track(work: Promise<void>): void {
    const one = work
      .catch((error: unknown) => log.error({ err: error }, 'an entry of the list failed'))
      .finally(() => {
        underWay.delete(one);
        wake();
      });
    underWay.add(one);
  }

  function wake(): void {
    if (closing.signal.aborted) return;
    wakeTimer ??= setTimeout(() => {
      wakeTimer = undefined;
      run();
    }, 20);
  }

  function run(): void {
    const isPaused = settings.get().paused;
    const handed = new Map<string, number>();
    let saving = 0;
    for (const [id, { controller, isSaving }] of live) {
      const key = entries.get(id)?.workplace;
      if (isSaving) saving += 1;
      else if (controller !== undefined && key !== undefined) handed.set(key, (handed.get(key) ?? 0) + 1);
    }
    for (const entry of entries.all()) {
      if (entry.workplace === hereKey && entry.step.kind === 'accepted') {
        handed.set(hereKey, (handed.get(hereKey) ?? 0) + 1);
      }
    }
    for (const entry of entries.all()) {
      if (isAtRest(entry)) continue;
      const place = workplaces.of(entry.workplace);
      if (place === undefined) continue;
      follow(place);
      const one = live.get(entry.id);
      if (one?.controller !== undefined || now() < (one?.notBefore ?? 0)) continue;
      switch (entry.step.kind) {
        case 'new':
        case 'begun': {
          const isHeld = (entry.isHeld || isPaused) && !(entry.step.kind === 'begun' && place.host === undefined);
          const count = handed.get(place.key) ?? 0;
          const most = place.host === undefined ? handedOverHere : handedOverThere;
          if (isHeld || count >= most || (place.host !== undefined && !place.reachable())) break;
          handed.set(place.key, count + 1);
          track(handOver(entry, place));
          break;
        }
        case 'unsaved':
          if (entry.step.reason === 'disk_full') {
            entries.apply(entry.id, { type: 'save_again' });
            wake();
          }
          break;
        case 'finished':
        case 'placing':
          if (saving >= savesAtOnce) break;
          saving += 1;
          track(save(entry, place));
          break;
        default:
          break;
      }
    }
  }

  function follow({ backend }: Workplace): void {
    if (followed.has(backend)) return;
    followed.set(
      backend,
      backend.follow((event) => hear(event, backend)),
    );
    // What happened before is not told.
    for (const [id, one] of live) live.set(id, { ...one, heardAt: 0 });
  }

  function hear(event: ServerEvent, backend: Backend): void {
    if (event.type === 'conversion') hearOf(event.conversion, backend);
    else if (event.type === 'progress') {
      const entry = entries.byConversion(event.id);
      if (entry === undefined) return;
      const { speed, etaSeconds } = event;
      moved(entry, event.progress, {
        state: 'converting',
        ...(speed === undefined ? {} : { speed }),
        ...(etaSeconds === undefined ? {} : { etaSeconds }),
      });
    } else if (event.type === 'removed') {
      for (const id of event.ids) {
        const entry = entries.byConversion(id);
        // Somebody removed it there, from another device.
        if (entry !== undefined) entries.apply(entry.id, { type: 'cancelled' });
      }
    }
  }

  function hearOf(conversion: Conversion, backend: Backend): void {
    const entry = entries.byConversion(conversion.id);
    if (entry === undefined) return;
    if (owedCancels.has(conversion.id)) {
      if (hasEnded(conversion.state)) owedCancels.delete(conversion.id);
      else cancelThere(conversion.id, backend);
      return;
    }
    const before = live.get(entry.id)?.state;
    entries.apply(entry.id, { type: 'heard', conversion });
    const { etaSeconds } = conversion;
    if (conversion.state === 'converting') {
      moved(entry, conversion.progress, { state: 'converting', ...(etaSeconds === undefined ? {} : { etaSeconds }) });
    } else update(entry.id, { state: conversion.state, heardAt: now() });
    if (before !== conversion.state) wake();
  }

  function cancelThere(conversionId: string, backend: Backend): void {
    backend.cancel(conversionId).then(
      () => owedCancels.delete(conversionId),
      (error: unknown) => {
        // Where it has ended, or is gone, nothing is left to cancel.
        if (isAppError(error, 'unavailable')) owedCancels.add(conversionId);
        else owedCancels.delete(conversionId);
      },
    );
  }

  function moved(entry: Entry, progress: number, change: Partial<Live>): void {
    const timeLeft = live.get(entry.id)?.timeLeft ?? steadyTimeLeft(now());
    update(entry.id, { ...change, timeLeft, heardAt: now() });
    const from = entry.workplace === hereKey ? 0 : sentShare;
    entries.apply(entry.id, { type: 'moved', fraction: from + (savingFrom - from) * progress });
  }

  async function handOver(entry: Entry, { backend }: Workplace): Promise<void> {
    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, closing.signal]);
    const { id, source, options, batchId, batchSize } = entry;
    update(id, { controller });
    try {
      const { size } = await stat(source.path).catch((error: unknown) => {
        throw sourceError(error);
      });
      const earlier = conversionIdOf(entry);
      const conversion = await backend.submit(
        {
          file: { path: source.path, fileName: source.fileName, bytes: size },
          options,
          batch: { batchId, batchSize },
          onSent: (sent) => hearSent(id, sent),
          resumable: {
            ...(earlier === undefined ? {} : { id: earlier }),
            onBegun: (conversionId) => void entries.apply(id, { type: 'begun', conversionId }),
          },
        },
        signal,
      );
      hearOf(conversion, backend);
    } catch (error) {
      if (!signal.aborted) fail(id, error);
    } finally {
      const { controller: _done, sent: _sent, sentSince: _since, ...rest } = live.get(id) ?? {};
      live.set(id, rest);
      onChange([id]);
    }
  }

  function hearSent(id: string, sent: number): void {
    const one = live.get(id);
    const sentSince = one?.sentSince ?? now();
    const timeLeft = one?.timeLeft ?? steadyTimeLeft(now());
    const seconds = now() - sentSince;
    const etaSeconds = sent > 0.01 ? { etaSeconds: ((1 - sent) * seconds) / sent } : {};
    update(id, { sent, sentSince, timeLeft, ...etaSeconds });
    entries.apply(id, { type: 'moved', fraction: sentShare * sent });
  }

  async function save(entry: Entry, { backend }: Workplace): Promise<void> {
    const { id } = entry;
    const conversionId = conversionIdOf(entry) ?? '';
    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, closing.signal]);
    update(id, { controller, isSaving: true });
    const sources = new Set<string>();
    for (const { source } of entries.all()) if (source.identity !== undefined) sources.add(source.identity);
    try {
      if (entry.peaks === undefined) {
        const { peaks } = await backend.get(conversionId);
        if (peaks !== undefined) entries.apply(id, { type: 'peaks', peaks });
      }
      await saveEntry({
        entry,
        backend,
        questions,
        sources,
        isSavedByAnother: (file) => isSavedByAnother(file, id),
        apply: (event) => void entries.apply(id, event),
        signal,
      });
      await afterSaving(id, backend);
    } catch (error) {
      if (signal.aborted) return;
      // The MP3 is not there any more: it is made again.
      if (isAppError(error, 'not_found', 'gone', 'wrong_state')) entries.apply(id, { type: 'lost' });
      else fail(id, error);
    } finally {
      const { controller: _done, isSaving: _saving, ...rest } = live.get(id) ?? {};
      live.set(id, rest);
      onChange([id]);
    }
  }

  /** This computer need not keep it twice; a server keeps it for the person's other devices. */
  async function afterSaving(id: string, backend: Backend): Promise<void> {
    const entry = entries.get(id);
    if (entry?.step.kind === 'saved' && entry.workplace === hereKey) {
      await backend.remove(entry.step.conversionId).catch((error: unknown) => {
        if (!isAppError(error)) throw error;
      });
    }
    if (entry?.step.kind === 'unsaved') update(id, { notBefore: now() + fullDiskPauseSeconds });
  }

  function isSavedByAnother(file: string, id: string): boolean {
    for (const { id: other, step } of entries.all()) {
      if (other !== id && step.kind === 'saved' && step.file === file) return true;
    }
    return false;
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
    update(id, { notBefore: now() + seconds });
    setTimeout(wake, seconds * 1000 + 50).unref();
  }

  /** Asks after those of which nothing was heard. */
  function askAfterSilent(): void {
    for (const entry of entries.all()) {
      if (asking >= askedAtOnce) return;
      if (entry.step.kind !== 'accepted') continue;
      const place = workplaces.of(entry.workplace);
      if (place === undefined || !place.reachable()) continue;
      const { heardAt = 0, state } = live.get(entry.id) ?? {};
      const limit = state === 'queued' ? silentInQueueSeconds : silentSeconds;
      if (heardAt === 0 || now() - heardAt > limit) track(ask(entry, place.backend));
    }
    wake();
  }

  async function ask(entry: Entry, backend: Backend): Promise<void> {
    asking += 1;
    update(entry.id, { heardAt: now() });
    try {
      hearOf(await backend.get(conversionIdOf(entry) ?? ''), backend);
    } catch (error) {
      if (isAppError(error, 'not_found', 'gone')) entries.apply(entry.id, { type: 'lost' });
      else if (!isAppError(error)) throw error;
    } finally {
      asking -= 1;
    }
  }

  const timer = setInterval(askAfterSilent, 1000);
  const unfollow = workplaces.follow(() => {
    for (const [id, one] of live) live.set(id, { ...one, heardAt: 0 });
    for (const entry of entries.all()) if (!isAtRest(entry)) onChange([entry.id]);
    wake();
  });
  wake();

  return {
    wake,
    now(entry) {
      const place = workplaces.of(entry.workplace);
      const host = place?.host ?? workplaces.hostOf(entry.workplace);
      const { controller, isSaving, sent, state, speed, etaSeconds, timeLeft } = live.get(entry.id) ?? {};
      const leftSeconds = isAtRest(entry) ? undefined : timeLeft?.read(etaSeconds, now());
      return {
        workplace: place === undefined ? 'signed_out' : place.reachable() ? 'reachable' : 'unreachable',
        isHandedOver: controller !== undefined && isSaving !== true,
        ...(host === undefined ? {} : { host }),
        ...(sent === undefined ? {} : { sent }),
        ...(state === undefined ? {} : { state }),
        ...(speed === undefined ? {} : { speed }),
        ...(leftSeconds === undefined ? {} : { leftSeconds }),
      };
    },
    stop(id) {
      live.get(id)?.controller?.abort(new AppError('cancelled', 'It was stopped.'));
      live.delete(id);
    },
    cancelAtBackend(entry) {
      const conversionId = conversionIdOf(entry);
      const backend = workplaces.of(entry.workplace)?.backend;
      // An upload that was begun stays as it is: it may be gone on with, and otherwise expires.
      if (conversionId === undefined || backend === undefined || entry.step.kind === 'begun') return;
      cancelThere(conversionId, backend);
    },
    async takeBackWaiting(only) {
      const waiting = [...entries.all()].filter(
        ({ id, workplace, step }) =>
          workplace === hereKey &&
          step.kind === 'accepted' &&
          live.get(id)?.state === 'queued' &&
          (only === undefined || id === only),
      );
      for (const entry of waiting) {
        const conversionId = conversionIdOf(entry) ?? '';
        entries.apply(entry.id, { type: 'taken_back' });
        await workplaces
          .here()
          .backend.remove(conversionId)
          .catch(() => undefined);
      }
      for (const entry of entries.all()) {
        const isMeant = only === undefined || entry.id === only;
        const isSending = entry.step.kind === 'new' || entry.step.kind === 'begun';
        if (isMeant && isSending && entry.workplace !== hereKey) {
          live.get(entry.id)?.controller?.abort(new AppError('cancelled', 'It is held.'));
        }
      }
    },
    hurry() {
      for (const [id, { notBefore: _notBefore, ...one }] of live) live.set(id, one);
      wake();
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('cancelled', 'The app ends.'));
      clearInterval(timer);
      clearTimeout(wakeTimer);
      unfollow();
      for (const end of followed.values()) end();
      await Promise.all(underWay);
    },
  };
}

/** Nobody knows the line beforehand: sending counts as half of the way. */
const sentShare = 0.5;

/** Seconds, monotonic. */
function now(): number {
  return performance.now() / 1000;
}
