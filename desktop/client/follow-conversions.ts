import { type Conversion, type ConversionState, hasEnded } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { ServerEvent } from '../../shared/events.ts';
import { createNewest } from '../../shared/newest-revisions.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { Backend } from './backend.ts';

/** Follows the conversions of one batch until they end. */
export interface Follower extends Disposable {
  /**
   * Resolves with the conversion once it is done, failed or cancelled. Throws `not_found` if it was removed, the backend's error if
   * the backend cannot be reached for too long, or the signal's reason.
   */
  untilEnded(conversion: Conversion, signal: AbortSignal): Promise<Conversion>;
}

/** Events may be lost, so the backend is asked about a conversion that was silent for this long. */
const askAfterSeconds = 5;
/** How many conversions are asked about at once. A large batch must not take all that a server allows one account. */
const askedAtOnce = 8;
/** How many times in a row asking may fail with a temporary error. */
const maxFailedAskings = 12;

interface Waiting {
  readonly resolve: (ended: Conversion) => void;
  readonly reject: (error: unknown) => void;
  state: ConversionState;
  /** Seconds, monotonic. */
  heardAt: number;
  failedAskings: number;
}

/**
 * Calls `onEvent` with the backend's events about the batch, in order. Changes that were learned by asking are reported as events
 * too.
 */
export function followConversions(
  backend: Pick<Backend, 'follow' | 'get'>,
  batchId: string,
  onEvent: (event: ServerEvent) => void,
): Follower {
  /** Ids of this batch that have not ended, as far as is known. */
  const active = new Set<string>();
  /** Conversions that ended before anyone waited for them: an event may overtake the answer to the call that caused it. */
  const early = new Map<string, Conversion>();
  const waiting = new Map<string, Waiting>();
  // Answers are recorded as well, because events and answers may overtake each other.
  const newest = createNewest();

  function hear(event: ServerEvent): void {
    if (!newest.hear(event)) return;
    switch (event.type) {
      case 'conversion':
        if (event.conversion.batchId === batchId) hearOf(event.conversion);
        break;
      case 'progress': {
        if (!active.has(event.id)) break;
        const waiter = waiting.get(event.id);
        if (waiter !== undefined) waiter.heardAt = now();
        onEvent(event);
        break;
      }
      case 'removed': {
        const ids = event.ids.filter((id) => active.delete(id));
        if (ids.length > 0) onEvent({ type: 'removed', ids });
        for (const id of ids) waiting.get(id)?.reject(new AppError('not_found', sayShared('failRemoved')));
        break;
      }
      case 'notification':
        if (event.notification.batchId === batchId) onEvent(event);
        break;
      case 'read':
        break;
    }
  }

  function hearOf(conversion: Conversion): void {
    const { id, state } = conversion;
    const waiter = waiting.get(id);
    onEvent({ type: 'conversion', conversion });
    if (hasEnded(state)) {
      active.delete(id);
      if (waiter === undefined) early.set(id, conversion);
      else waiter.resolve(conversion);
    } else {
      active.add(id);
      if (waiter !== undefined) Object.assign(waiter, { state, heardAt: now() });
    }
  }

  /** If no events arrive, this is the only source of progress. */
  function hearProgress({ id, revision, progress, etaSeconds }: Conversion): void {
    onEvent({ type: 'progress', id, revision, progress, ...(etaSeconds === undefined ? {} : { etaSeconds }) });
  }

  async function ask(id: string, waiter: Waiting): Promise<void> {
    waiter.heardAt = now();
    try {
      const conversion = await backend.get(id);
      waiter.failedAskings = 0;
      if (waiting.get(id) !== waiter || !newest.hear({ type: 'conversion', conversion })) return;
      if (conversion.state !== waiter.state) hearOf(conversion);
      else if (conversion.state === 'converting') hearProgress(conversion);
    } catch (error) {
      // The server is there, and only wants to be asked less often.
      if (isAppError(error, 'too_many')) return;
      waiter.failedAskings += 1;
      const passing = isAppError(error, 'unavailable', 'request_timeout');
      if (!passing || waiter.failedAskings >= maxFailedAskings) waiter.reject(error);
    }
  }

  const unfollow = backend.follow(hear);
  const timer = setInterval(createAsking(waiting, ask), 1000);

  return {
    async untilEnded(conversion, signal) {
      signal.throwIfAborted();
      const { id, state } = conversion;
      newest.hear({ type: 'conversion', conversion });
      const ended = hasEnded(state) ? conversion : early.get(id);
      early.delete(id);
      if (ended !== undefined) return ended;

      active.add(id);
      const { promise, resolve, reject } = Promise.withResolvers<Conversion>();
      const stop = (): void => reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      waiting.set(id, { resolve, reject, state, heardAt: now(), failedAskings: 0 });
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', stop);
        waiting.delete(id);
        active.delete(id);
      }
    },

    [Symbol.dispose]() {
      clearInterval(timer);
      unfollow();
    },
  };
}

/** Returns a function that asks about the conversions that were silent, a few at a time. */
function createAsking(
  waiting: ReadonlyMap<string, Waiting>,
  ask: (id: string, waiter: Waiting) => Promise<void>,
): () => void {
  let asking = 0;
  return function askSilent() {
    for (const [id, waiter] of waiting) {
      if (asking >= askedAtOnce) return;
      if (now() - waiter.heardAt < askAfterSeconds) continue;
      asking += 1;
      void ask(id, waiter).finally(() => {
        asking -= 1;
        askSilent();
      });
    }
  };
}

/** Seconds, monotonic. */
function now(): number {
  return performance.now() / 1000;
}
