import type { Logger } from 'pino';
import { isAppError } from '../../../shared/errors.ts';
import type { Backends } from '../backends/backends.ts';
import type { EntriesDatabase, Owed } from './entries-database.ts';

export interface CallOutboxParts {
  readonly database: Pick<EntriesDatabase, 'owed' | 'owe' | 'paid'>;
  readonly backends: Pick<Backends, 'of'>;
  readonly log: Logger;
}

/** What backends are still to be told, written down until they were: offline, signed out, or killed meanwhile. */
export interface CallOutbox extends AsyncDisposable {
  owe(owed: Owed): void;
  /** Tells whoever can be told at this moment; cheap to call often. */
  pay(): void;
  /** What is not wanted any more. It may be on its way already. */
  forgive(conversionId: string): void;
  /** Resolves once nothing is on its way for this conversion. */
  settled(conversionId: string): Promise<void>;
}

/** After one that could not be reached. */
const pauseMilliseconds = 5000;

export function createCallOutbox({ database, backends, log }: CallOutboxParts): CallOutbox {
  const onTheirWay = new Map<string, Promise<void>>();
  const notBefore = new Map<string, number>();
  let isClosed = false;
  let isWaiting = false;

  async function tell({ conversionId, workplace, deed }: Owed): Promise<void> {
    const backend = backends.of(workplace)?.backend;
    if (backend === undefined) return;
    try {
      if (deed === 'cancel') await backend.cancel(conversionId);
      else await backend.remove(conversionId);
    } catch (error) {
      // Where it has ended, or is gone, nothing is left to do.
      if (!isAppError(error, 'not_found', 'gone', 'wrong_state')) {
        if (!isAppError(error)) log.error({ err: error }, 'a backend could not be told what it is owed');
        notBefore.set(workplace, performance.now() + pauseMilliseconds);
        return;
      }
    }
    database.paid(conversionId);
  }

  function payNow(): void {
    isWaiting = false;
    if (isClosed) return;
    for (const one of database.owed()) {
      const { conversionId, workplace } = one;
      if (onTheirWay.has(conversionId) || performance.now() < (notBefore.get(workplace) ?? 0)) continue;
      if (backends.of(workplace)?.reachable() !== true) continue;
      const telling = tell(one)
        .catch((error: unknown) => log.error({ err: error }, 'what is owed could not be written down'))
        .finally(() => onTheirWay.delete(conversionId));
      onTheirWay.set(conversionId, telling);
    }
  }

  const calls: CallOutbox = {
    owe(owed) {
      database.owe(owed);
      calls.pay();
    },
    pay() {
      if (isWaiting) return;
      isWaiting = true;
      queueMicrotask(payNow);
    },
    forgive: (conversionId) => database.paid(conversionId),
    async settled(conversionId) {
      await onTheirWay.get(conversionId);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await Promise.all(onTheirWay.values());
    },
  };
  return calls;
}
