import type { Logger } from 'pino';
import type { Batches } from '../conversions/batches.ts';
import type { ConversionMessage } from '../messages.ts';
import type { Consumer, JobQueue } from '../ports/job-queue.ts';

/** One message at a time keeps the notifications of a batch in order. Handling one is quick. */
const concurrency = 1;

export interface NotifierParts {
  readonly batches: Batches;
  readonly mp3Queue: JobQueue<ConversionMessage>;
  readonly log: Logger;
}

/** The notification service: takes ended conversions from the queue and notifies their owners once per batch. */
export async function startNotifier({ batches, mp3Queue, log }: NotifierParts): Promise<Consumer> {
  return await mp3Queue.consume(
    async ({ conversionId }) => {
      const made = await batches.tellOfEnd(conversionId);
      for (const { notification } of made) log.debug({ notification: notification.id }, 'notification recorded');
      return { kind: 'done' };
    },
    { concurrency },
  );
}
