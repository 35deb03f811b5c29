import { beingWritten, takenOver } from '../../ports/blob-rules.ts';

/** A call of this process that changes a blob. Disposing of it says that it has ended. */
export interface BlobCall extends Disposable {
  /** Fires when another call of this process takes the blob. */
  readonly signal: AbortSignal;
}

export interface BlobCalls {
  /** Throws `wrong_state` if a call under the same fence is in progress. Aborts those with lower fences. */
  begin(id: string, fence: number): BlobCall;
  /** Aborts the calls whose bytes are replaced or removed under `fence`. */
  abort(id: string, fence: number): void;
}

interface Call {
  readonly fence: number;
  readonly controller: AbortController;
}

/**
 * The calls of this process that change blobs. The database keeps out the writers of all processes; this only refuses a second
 * call under the same fence, and lets a call that waits for its source end at once when it is shut out.
 */
export function createBlobCalls(): BlobCalls {
  const calls = new Map<string, Set<Call>>();

  function abortUpTo(id: string, fence: number): void {
    for (const call of calls.get(id) ?? []) {
      if (call.fence <= fence) call.controller.abort(takenOver());
    }
  }

  return {
    begin(id, fence) {
      const current = calls.get(id) ?? new Set();
      for (const call of current) {
        if (call.fence === fence && !call.controller.signal.aborted) throw beingWritten();
      }
      abortUpTo(id, fence);
      const call: Call = { fence, controller: new AbortController() };
      current.add(call);
      calls.set(id, current);
      return {
        signal: call.controller.signal,
        [Symbol.dispose]() {
          current.delete(call);
          if (current.size === 0 && calls.get(id) === current) calls.delete(id);
        },
      };
    },
    abort: abortUpTo,
  };
}
