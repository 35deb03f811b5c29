import type { Logger } from 'pino';
import { isAppError } from '../../../shared/errors.ts';
import type { Backends } from '../backends/backends.ts';
import type { EntriesDatabase, PendingCall } from './entries-database.ts';

export interface CallOutboxParts {
  readonly database: Pick<EntriesDatabase, 'pendingCalls' | 'addCall' | 'dropCall'>;
  readonly backends: Pick<Backends, 'of'>;
  readonly log: Logger;
}

/** The calls that backends must still get. They are stored until they succeed, so they outlive a lost connection, a sign-out and a crash. */
export interface CallOutbox extends AsyncDisposable {
  add(call: PendingCall): void;
  /** Sends the calls whose backends can be reached now. Cheap to call often. */
  send(): void;
  /** Drops a call that is no longer wanted. It may be under way already. */
  drop(conversionId: string): void;
  /** Resolves once no call of this conversion is under way. */
  settled(conversionId: string): Promise<void>;
}

/** How long a backend that could not be reached gets no further calls. */
const pauseMilliseconds = 5000;

export function createCallOutbox({ database, backends, log }: CallOutboxParts): CallOutbox {
  const underWay = new Map<string, Promise<void>>();
  const notBefore = new Map<string, number>();
  let isClosed = false;
  let isWaiting = false;

  async function sendOne({ conversionId, backendKey, action }: PendingCall): Promise<void> {
    const backend = backends.of(backendKey)?.backend;
    if (backend === undefined) return;
    try {
      if (action === 'cancel') await backend.cancel(conversionId);
      else await backend.remove(conversionId);
    } catch (error) {
      // If it has ended or is gone, nothing is left to do.
      if (!isAppError(error, 'not_found', 'gone', 'wrong_state')) {
        if (!isAppError(error)) log.error({ err: error }, 'a stored call to a backend failed');
        notBefore.set(backendKey, performance.now() + pauseMilliseconds);
        return;
      }
    }
    database.dropCall(conversionId);
  }

  function sendNow(): void {
    isWaiting = false;
    if (isClosed) return;
    for (const one of database.pendingCalls()) {
      const { conversionId, backendKey } = one;
      if (underWay.has(conversionId) || performance.now() < (notBefore.get(backendKey) ?? 0)) continue;
      if (backends.of(backendKey)?.reachable() !== true) continue;
      const sending = sendOne(one)
        .catch((error: unknown) =>
          log.error({ err: error }, 'a call that succeeded could not be taken out of the outbox'),
        )
        .finally(() => underWay.delete(conversionId));
      underWay.set(conversionId, sending);
    }
  }

  const outbox: CallOutbox = {
    add(call) {
      database.addCall(call);
      outbox.send();
    },
    send() {
      if (isWaiting) return;
      isWaiting = true;
      queueMicrotask(sendNow);
    },
    drop: (conversionId) => database.dropCall(conversionId),
    async settled(conversionId) {
      await underWay.get(conversionId);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await Promise.all(underWay.values());
    },
  };
  return outbox;
}
