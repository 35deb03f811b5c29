import type { Logger } from 'pino';
import { AppError } from '../../shared/errors.ts';

/** How often the holder of a lease raises its counter. */
const renewEverySeconds = 5;
/** A process that has seen a counter stand still for this long, by its own monotonic clock, may take the lease over. */
export const leaseSeconds = 3 * renewEverySeconds;

/**
 * A lease that this process holds: the right to work on something alone. A timer raises the counter behind it. The lease is lost
 * once somebody else has raised the counter; from then on nothing is written through it.
 */
export interface KeptLease<Change, Written> extends AsyncDisposable {
  /** Fires once the lease is lost; its reason says why. */
  readonly signal: AbortSignal;
  /** Raises the counter now. A failure is logged: the next renewal tries again. */
  renew(): void;
  /** Writes `change`; resolves with undefined, and nothing is written, if the lease is lost. */
  write(change: Change): Promise<Written | undefined>;
  /** Writes the last change and stops renewing, whatever comes of the write. */
  end(change: Change): Promise<Written | undefined>;
}

export interface KeptLeaseParts<Change, Written> {
  /** Writes `change` and raises the counter if the lease still holds; resolves with an AppError, the reason, if it is lost. */
  readonly write: (change: Change) => Promise<Written | AppError>;
  /** The change that only raises the counter. */
  readonly renewal: () => Change;
  /** With fields that say which lease this is. */
  readonly log: Logger;
}

/** Keeps a lease that the caller has just taken. Disposing of it stops the renewals and leaves the counter where it is. */
export function keepLease<Change, Written>(parts: KeptLeaseParts<Change, Written>): KeptLease<Change, Written> {
  const lost = new AbortController();
  // One write after the other: a renewal that is under way must not come after the last change.
  let writing: Promise<unknown> = Promise.resolve();

  async function writeNow(change: Change): Promise<Written | undefined> {
    if (lost.signal.aborted) return undefined;
    const written = await parts.write(change);
    if (!(written instanceof AppError)) return written;
    lost.abort(written);
    return undefined;
  }

  function write(change: Change): Promise<Written | undefined> {
    const result = writing.then(() => writeNow(change));
    writing = result.catch(() => undefined);
    return result;
  }

  function renew(): void {
    write(parts.renewal()).catch((error: unknown) => {
      // The store is away: the next renewal tries again, and shows whether somebody took over meanwhile.
      parts.log.warn({ err: error }, 'could not renew a lease');
    });
  }
  const timer = setInterval(renew, renewEverySeconds * 1000).unref();

  return {
    signal: lost.signal,
    renew,
    write,
    async end(change) {
      clearInterval(timer);
      return await write(change);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
    },
  };
}
