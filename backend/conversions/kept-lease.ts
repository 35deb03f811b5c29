import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AppError, isAppError } from '../../shared/errors.ts';

/** How often the holder of a lease raises its counter. */
const renewEverySeconds = 5;
/** A process that has seen a counter unchanged for this long, by its own monotonic clock, may take the lease over. */
export const leaseSeconds = 3 * renewEverySeconds;
/** How long a write that failed because the store was unavailable waits before it is tried again. */
const tryAgainMilliseconds = 1000;

/** Fires when a client has waited long enough for the end of a lease to be written: after that, another process may take over. */
export function leasePatience(): AbortSignal {
  return AbortSignal.timeout(leaseSeconds * 1000);
}

/**
 * A lease that this process holds: the exclusive right to work on something. A timer raises the lease's counter. The lease is
 * lost once another process has raised the counter; from then on nothing is written through it.
 */
export interface KeptLease<Change, Written> extends AsyncDisposable {
  /** Fires once the lease is lost; its reason says why. */
  readonly signal: AbortSignal;
  /** Raises the counter now. A failure is logged: the next renewal tries again. */
  renew(): void;
  /**
   * Writes `change`; resolves with undefined, and nothing is written, if the lease is lost. While the store is `unavailable`, tries
   * again until `patience` fires; without it, tries once.
   */
  write(change: Change, patience?: AbortSignal): Promise<Written | undefined>;
  /** Writes the last change in the same way, and stops renewing, even if the write fails. */
  end(change: Change, patience?: AbortSignal): Promise<Written | undefined>;
}

export interface KeptLeaseParts<Change, Written> {
  /**
   * Writes `change` and raises the counter if the lease still holds. Resolves with an AppError, the reason, if the lease is lost.
   * Called again after it has thrown `unavailable`, it must recognise what the failed call has written.
   */
  readonly write: (change: Change) => Promise<Written | AppError>;
  /** The change that only raises the counter. */
  readonly renewal: () => Change;
  /** A logger with fields that identify this lease. */
  readonly log: Logger;
}

/** Keeps a lease that the caller has just taken. Disposing of it stops the renewals and does not change the counter. */
export function keepLease<Change, Written>(parts: KeptLeaseParts<Change, Written>): KeptLease<Change, Written> {
  const lost = new AbortController();
  // Writes run one after the other: a renewal in progress must not finish after the last change.
  let writing: Promise<unknown> = Promise.resolve();

  async function writeNow(change: Change): Promise<Written | undefined> {
    if (lost.signal.aborted) return undefined;
    const written = await parts.write(change);
    if (!(written instanceof AppError)) return written;
    lost.abort(written);
    return undefined;
  }

  function writeNext(change: Change): Promise<Written | undefined> {
    const result = writing.then(() => writeNow(change));
    writing = result.catch(() => undefined);
    return result;
  }

  async function write(change: Change, patience?: AbortSignal): Promise<Written | undefined> {
    for (;;) {
      try {
        return await writeNext(change);
      } catch (error) {
        if (patience === undefined || patience.aborted || !isAppError(error, 'unavailable')) throw error;
        parts.log.warn({ err: error }, 'could not write what the holder of a lease has done; trying again');
        await delay(tryAgainMilliseconds, undefined, { signal: patience }).catch(() => undefined);
      }
    }
  }

  function renew(): void {
    write(parts.renewal()).catch((error: unknown) => {
      // The store cannot be reached. The next renewal tries again, and shows whether another process took over in between.
      parts.log.warn({ err: error }, 'could not renew a lease');
    });
  }
  const timer = setInterval(renew, renewEverySeconds * 1000).unref();

  return {
    signal: lost.signal,
    renew,
    write,
    async end(change, patience) {
      // Each try raises the counter as a renewal would.
      clearInterval(timer);
      return await write(change, patience);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
    },
  };
}
