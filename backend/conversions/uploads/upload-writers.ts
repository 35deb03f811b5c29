import { AppError } from '../../../shared/errors.ts';
import type { Clock } from '../../ports/clock.ts';

/**
 * A writer that has waited for its client for so long gives way to another of the same upload: a phone that changes its network
 * leaves a connection behind that nobody will ever close. Shorter than clients try again for (tus-js-client: 9 seconds).
 */
export const quietSeconds = 5;

/** One request of this process that adds to an upload. */
export interface UploadWriter {
  /** Fires when it has to give way. */
  readonly signal: AbortSignal;
  /** Hands `source` on, and notes when it keeps us waiting. */
  watch(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
}

/** Sees to it that of all requests of this process one at a time adds to an upload. */
export interface UploadWriters {
  /** Does `work` as the one writer of upload `id`. Throws `locked` while another is busy with it. */
  run<Result>(id: string, work: (writer: UploadWriter) => Promise<Result>): Promise<Result>;
}

interface Entry {
  waitsSince: number | undefined;
  readonly controller: AbortController;
  /** Resolves when it has let go. */
  readonly settled: Promise<void>;
}

export function createUploadWriters(clock: Clock): UploadWriters {
  const entries = new Map<string, Entry>();

  async function takeTurn(id: string): Promise<void> {
    const other = entries.get(id);
    if (other === undefined) return;
    const quiet = other.waitsSince !== undefined && clock.monotonicSeconds() - other.waitsSince >= quietSeconds;
    if (!quiet) throw locked();
    other.controller.abort(
      new AppError('request_timeout', 'Nothing more came, and another request goes on with this.'),
    );
    await other.settled;
    // Several may have waited for this: one is first.
    if (entries.has(id)) throw locked();
  }

  return {
    async run(id, work) {
      await takeTurn(id);
      const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
      const entry: Entry = { waitsSince: undefined, controller: new AbortController(), settled };
      entries.set(id, entry);
      try {
        return await work({
          signal: entry.controller.signal,
          async *watch(source) {
            entry.waitsSince = clock.monotonicSeconds();
            for await (const chunk of source) {
              entry.waitsSince = undefined;
              yield chunk;
              entry.waitsSince = clock.monotonicSeconds();
            }
            entry.waitsSince = undefined;
          },
        });
      } finally {
        entries.delete(id);
        settle();
      }
    },
  };
}

export function locked(): AppError {
  return new AppError('locked', 'Another request is adding to this upload.', { details: { retryAfterSeconds: 1 } });
}
