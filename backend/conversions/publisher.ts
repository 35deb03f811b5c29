import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ConversionRow } from '../ports/conversion-store.ts';
import type { JobQueue } from '../ports/job-queue.ts';

const secondsBetweenTries = 5;
const triesToBury = 720;

/**
 * Publishes tickets for work that the rows already record. Never throws: if a ticket cannot be sent, the sweeper sends one later.
 * Resolves with whether a ticket was added; false can also mean that enough tickets wait.
 */
export interface Publisher {
  /** To the converters. */
  queued(row: Pick<ConversionRow, 'id'>): Promise<boolean>;
  /** To the notifiers. */
  ended(row: Pick<ConversionRow, 'id'>): Promise<boolean>;
  /**
   * To the dead letters of the converters, for the people who run them: the conversion has failed because it ends what works on it.
   * `cause` is a sentence. Tries again for an hour if the queue cannot be reached.
   */
  poisoned(row: Pick<ConversionRow, 'id'>, cause: string): void;
}

export interface PublisherParts {
  readonly videoQueue: JobQueue;
  readonly mp3Queue: JobQueue;
  readonly log: Logger;
}

export function createPublisher({ videoQueue, mp3Queue, log }: PublisherParts): Publisher {
  async function publish(queue: JobQueue, id: string): Promise<boolean> {
    try {
      return await queue.publish({ conversionId: id });
    } catch (error) {
      log.warn({ err: error, conversion: id }, 'could not publish a ticket; the sweeper will');
      return false;
    }
  }

  async function bury(id: string, cause: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await videoQueue.bury({ conversionId: id }, cause);
      } catch (error) {
        if (tries === triesToBury) throw error;
        await delay(secondsBetweenTries * 1000, undefined, { ref: false });
      }
    }
  }

  return {
    queued: ({ id }) => publish(videoQueue, id),
    ended: ({ id }) => publish(mp3Queue, id),
    poisoned({ id }, cause) {
      log.error({ conversion: id, cause }, 'a conversion is given up');
      bury(id, cause).catch((error: unknown) => {
        log.error({ err: error, conversion: id }, 'could not add a dead letter about a conversion');
      });
    },
  };
}
