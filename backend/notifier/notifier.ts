import type { Logger } from 'pino';
import type { Batches } from '../conversions/batches.ts';
import type { Consumer, JobQueue } from '../ports/job-queue.ts';

export interface NotifierParts {
  readonly batches: Batches;
  readonly mp3Queue: JobQueue;
  readonly log: Logger;
}

/** The notification service: notifies owners, once for each batch, of conversions that have ended. */
export async function startNotifier({ batches, mp3Queue, log }: NotifierParts): Promise<Consumer> {
  async function tell(): Promise<void> {
    for (const { notification } of await batches.tellOfEnds()) {
      log.debug({ notification: notification.id }, 'notification recorded');
    }
  }
  // One place keeps the notifications of a batch in order, and making a notification is fast.
  return await mp3Queue.consume(tell, { places: 1 });
}
