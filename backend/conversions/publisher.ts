import type { Logger } from 'pino';
import type { ConversionRow } from '../ports/conversion-store.ts';
import type { JobQueue } from '../ports/job-queue.ts';

/**
 * Publishes tickets for work that the rows already record. Never throws: if a ticket cannot be sent, the sweeper sends one later.
 * Resolves with whether a ticket was added; false can also mean that enough tickets wait.
 */
export interface Publisher {
  /** To the converters. */
  queued(row: Pick<ConversionRow, 'id'>): Promise<boolean>;
  /** To the notifiers. */
  ended(row: Pick<ConversionRow, 'id'>): Promise<boolean>;
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
  return {
    queued: ({ id }) => publish(videoQueue, id),
    ended: ({ id }) => publish(mp3Queue, id),
  };
}
