import type { Logger } from 'pino';
import type { ConversionMessage } from '../messages.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';
import type { JobQueue } from '../ports/job-queue.ts';

/** Tells the workers what the rows already say. Never throws: a message that could not be sent, the sweeper sends later. */
export interface Publisher {
  /** To the converters. */
  queued(record: Pick<ConversionRow, 'id'>): Promise<void>;
  /** To the notifiers. */
  ended(record: Pick<ConversionRow, 'id'>): Promise<void>;
}

export interface PublisherParts {
  readonly videoQueue: JobQueue<ConversionMessage>;
  readonly mp3Queue: JobQueue<ConversionMessage>;
  readonly log: Logger;
}

export function createPublisher({ videoQueue, mp3Queue, log }: PublisherParts): Publisher {
  async function publish(queue: JobQueue<ConversionMessage>, id: string): Promise<void> {
    try {
      await queue.publish({ conversionId: id });
    } catch (error) {
      log.warn({ err: error, conversion: id }, 'could not publish; the sweeper will');
    }
  }
  return {
    queued: ({ id }) => publish(videoQueue, id),
    ended: ({ id }) => publish(mp3Queue, id),
  };
}
