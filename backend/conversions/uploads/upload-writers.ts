import { v7 as newId } from 'uuid';
import { AppError } from '../../../shared/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventBus } from '../../ports/event-bus.ts';

/**
 * A writer that has waited for its source for this long gives way to another request for the same upload. For example, a phone
 * that changes its network leaves a connection behind that is never closed. Shorter than the pauses after which clients try again
 * (tus-js-client: 9 seconds).
 */
const quietSeconds = 5;
/** How long a request waits for the writer to give way. */
const turnSeconds = 5;
/** How often it reads the row while it waits, because messages may be lost. */
const lookEveryMilliseconds = 250;

/** One request that adds to an upload. */
export interface UploadWriter {
  /** Fires when it must give way. */
  readonly signal: AbortSignal;
  /**
   * Passes `source` on, and measures how long it keeps the writer waiting. That counts as silence of the client. So whatever else may wait
   * must come after this, not be part of `source`.
   */
  watch(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
}

/** An upload as a request found it. */
export interface UploadToWrite {
  readonly id: string;
  readonly owner: string;
  /** Whether another request is writing it. */
  readonly isWritten: boolean;
}

/**
 * Passes the right to write an upload from one request to the next, in the same process or another. The claim in the row decides
 * who writes. Here, a request asks the writer, over the event bus, to give way.
 */
export interface UploadWriters {
  /** Runs `work` as the writer of the upload. Throws `locked` if another request is busy with it, or does not answer in time. */
  run<Result>(upload: UploadToWrite, work: (writer: UploadWriter) => Promise<Result>): Promise<Result>;
}

export interface UploadWritersParts {
  readonly events: EventBus;
  readonly clock: Clock;
  /** Whether a request is writing the upload now, according to its row. */
  readonly isWritten: (id: string) => Promise<boolean>;
}

export function createUploadWriters({ events, clock, isWritten }: UploadWritersParts): UploadWriters {
  /** Asks the writer to give way, and waits until it has. */
  async function takeTurn({ id, owner }: UploadToWrite): Promise<void> {
    const asker = newId();
    let isBusy = false;
    let look = (): void => {};
    const answers = events.subscribeInternal({ owner, kinds: ['busy', 'given_way'] }, ({ message }) => {
      if (message.type === 'busy' && message.asker === asker) isBusy = true;
      else if (message.type !== 'given_way' || message.conversionId !== id) return;
      look();
    });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      look();
    }, turnSeconds * 1000);
    try {
      await answers.ready;
      events.publishInternal({ owner, message: { type: 'give_way', conversionId: id, asker } });
      while (await isWritten(id)) {
        if (isBusy || isLate) throw locked();
        await new Promise<void>((resolve) => {
          const again = setTimeout(resolve, lookEveryMilliseconds);
          look = () => {
            clearTimeout(again);
            resolve();
          };
        });
      }
    } finally {
      clearTimeout(timer);
      answers.end();
    }
  }

  return {
    async run(upload, work) {
      if (upload.isWritten) await takeTurn(upload);
      const { id: conversionId, owner } = upload;
      const controller = new AbortController();
      let waitsSince: number | undefined;

      const asked = events.subscribeInternal({ owner, kinds: ['give_way'] }, ({ message }) => {
        if (message.type !== 'give_way' || message.conversionId !== conversionId || controller.signal.aborted) return;
        if (waitsSince !== undefined && clock.monotonicSeconds() - waitsSince >= quietSeconds) {
          controller.abort(
            new AppError('request_timeout', 'No more bytes came, and another request has continued the upload.'),
          );
        } else {
          const { asker } = message;
          events.publishInternal({ owner, message: { type: 'busy', conversionId, asker } });
        }
      });

      try {
        return await work({
          signal: controller.signal,
          async *watch(source) {
            waitsSince = clock.monotonicSeconds();
            for await (const chunk of source) {
              waitsSince = undefined;
              yield chunk;
              waitsSince = clock.monotonicSeconds();
            }
            waitsSince = undefined;
          },
        });
      } finally {
        asked.end();
        if (controller.signal.aborted) events.publishInternal({ owner, message: { type: 'given_way', conversionId } });
      }
    },
  };
}

export function locked(): AppError {
  return new AppError('locked', 'Another request is adding to this upload.', { details: { retryAfterSeconds: 1 } });
}
