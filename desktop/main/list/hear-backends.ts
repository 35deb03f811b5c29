import type { Logger } from 'pino';
import type { Conversion } from '../../../shared/api.ts';
import { isAppError } from '../../../shared/errors.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import { isOlder } from '../../../shared/newest-revisions.ts';
import type { Backend } from '../../client/backend.ts';
import { sentShare } from '../../client/overall-progress.ts';
import { type Backends, hereKey, type KnownBackend } from '../backends/backends.ts';
import type { Entries } from './entries.ts';
import { conversionIdOf, type Entry } from './entry.ts';
import { type LiveEntries, monotonicSeconds as now } from './live-entries.ts';
import { savingFrom } from './reduce-entry.ts';

export interface HearBackendsParts {
  readonly entries: Entries;
  readonly live: LiveEntries;
  readonly backends: Pick<Backends, 'of'>;
  /** Called when other work may begin. */
  readonly wake: () => void;
  /** Called with an entry that waits in this computer's queue. */
  readonly onQueuedHere: (entry: Entry) => void;
  readonly log: Logger;
}

/** Follows the events of the backends, and asks for conversions that have sent none for a while. */
export interface BackendsHeard extends AsyncDisposable {
  /** Follows a backend, unless that is done already. */
  follow(known: KnownBackend): void;
  /** Stops following all other backends. */
  leaveOthers(current: ReadonlySet<Backend>): void;
  hearOf(conversion: Conversion): void;
}

const askEveryMilliseconds = 1000;
/** A conversion that sent nothing for this long is asked for. */
const silentSeconds = 5;
const silentInQueueSeconds = 30;
const askedAtOnce = 8;

export function hearBackends(parts: HearBackendsParts): BackendsHeard {
  const { entries, live, backends, wake, onQueuedHere, log } = parts;
  const followed = new Map<Backend, () => void>();
  const askings = new Set<Promise<void>>();

  function hear(event: ServerEvent): void {
    if (event.type === 'conversion') hearOf(event.conversion);
    else if (event.type === 'progress') {
      const entry = entries.byConversion(event.id);
      if (entry === undefined || isOlder(event.revision, entry.revision)) return;
      const { speed, etaSeconds } = event;
      moved(entry, event, {
        ...(speed === undefined ? {} : { speed }),
        ...(etaSeconds === undefined ? {} : { etaSeconds }),
      });
    } else if (event.type === 'removed') {
      for (const id of event.ids) removedThere(entries.byConversion(id));
    }
  }

  /** It was removed at the backend, for example by another device. An entry that waits to be saved notices when it is saved. */
  function removedThere(entry: Entry | undefined): void {
    if (entry?.step.kind === 'accepted') entries.apply(entry.id, { type: 'cancelled' });
  }

  function hearOf(conversion: Conversion): void {
    const entry = entries.byConversion(conversion.id);
    if (entry === undefined || isOlder(conversion.revision, entry.revision)) return;
    const before = live.get(entry.id)?.state;
    const after = entries.apply(entry.id, { type: 'heard', conversion });
    if (conversion.state === 'converting') {
      const { etaSeconds } = conversion;
      moved(entry, conversion, etaSeconds === undefined ? {} : { etaSeconds });
    } else live.update(entry.id, { state: conversion.state, heardAt: now() });
    if (after?.step.kind === 'accepted' && conversion.state === 'queued' && entry.backendKey === hereKey) {
      onQueuedHere(after);
    }
    if (before !== conversion.state) wake();
  }

  function moved(
    entry: Entry,
    { progress, revision }: Pick<Conversion, 'progress' | 'revision'>,
    change: { speed?: number; etaSeconds?: number },
  ): void {
    live.updateMoving(entry.id, { ...change, state: 'converting', heardAt: now() });
    const from = entry.backendKey === hereKey ? 0 : sentShare;
    entries.apply(entry.id, { type: 'moved', fraction: from + (savingFrom - from) * progress, revision });
  }

  function askAfterSilent(): void {
    for (const entry of entries.all()) {
      if (askings.size >= askedAtOnce) break;
      if (entry.step.kind !== 'accepted') continue;
      const known = backends.of(entry.backendKey);
      if (known === undefined || !known.reachable()) continue;
      const { heardAt = 0, state } = live.get(entry.id) ?? {};
      const limit = state === 'queued' ? silentInQueueSeconds : silentSeconds;
      if (heardAt !== 0 && now() - heardAt <= limit) continue;
      const asking = ask(entry, known.backend)
        .catch((error: unknown) => log.error({ err: error }, 'could not ask a backend for an entry of the list'))
        .finally(() => askings.delete(asking));
      askings.add(asking);
    }
    wake();
  }

  async function ask(entry: Entry, backend: Backend): Promise<void> {
    live.update(entry.id, { heardAt: now() });
    try {
      hearOf(await backend.get(conversionIdOf(entry) ?? ''));
    } catch (error) {
      if (isAppError(error, 'not_found', 'gone')) {
        if (entries.byConversion(conversionIdOf(entry) ?? '') !== undefined) entries.apply(entry.id, { type: 'lost' });
      } else if (!isAppError(error)) throw error;
    }
  }

  const timer = setInterval(askAfterSilent, askEveryMilliseconds);

  return {
    follow({ backend }) {
      if (followed.has(backend)) return;
      const unfollow = backend.follow((event) => {
        try {
          hear(event);
        } catch (error) {
          // It could not be stored. The conversion will be asked for again.
          log.error({ err: error }, 'an event of a backend was lost');
        }
      });
      followed.set(backend, unfollow);
      // Earlier events are not sent again.
      live.doubtAll();
    },
    leaveOthers(current) {
      for (const [backend, unfollow] of followed) {
        if (current.has(backend)) continue;
        followed.delete(backend);
        unfollow();
      }
    },
    hearOf,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const unfollow of followed.values()) unfollow();
      await Promise.all(askings);
    },
  };
}
