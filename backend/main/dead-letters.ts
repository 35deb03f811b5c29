import type { Logger } from 'pino';
import { openMongoStores } from '../adapters/cluster/mongo-stores.ts';
import { openRabbit } from '../adapters/cluster/open-rabbit.ts';
import { queueNames } from '../adapters/cluster/rabbit-queues.ts';
import type { Config } from '../config.ts';
import { createOperatorSide } from '../conversions/conversions.ts';
import { createSkipLog } from '../conversions/skip-log.ts';
import { systemClock } from '../ports/clock.ts';
import type { DeadLetter } from '../ports/job-queue.ts';
import { needed } from './cluster-parts.ts';
import { retentionOf } from './services.ts';

/** A dead letter, and the queue that it lies in. */
export interface QueuedDeadLetter extends DeadLetter {
  readonly queue: string;
}

/** The dead letters of a cluster, for the people who run it. */
export interface DeadLetters extends AsyncDisposable {
  /** Of all queues; those of one queue oldest first. Throws `unavailable`. */
  list(): Promise<readonly QueuedDeadLetter[]>;
  /** Queues a failed conversion again. Throws `not_found`, `wrong_state`, `gone` if its video is no longer kept, and `unavailable`. */
  retry(conversionId: string): Promise<void>;
  /** Removes the dead letters with these ids from all queues. Resolves with how many there were. Throws `unavailable`. */
  drop(ids: readonly string[]): Promise<number>;
}

/** Opens the dead letters of a cluster. Throws `invalid` for a missing or wrong setting. */
export async function openDeadLetters(
  config: Pick<Config, 'mongodbUrl' | 'rabbitmqUrl' | 'videoQueue' | 'mp3Queue' | 'keepResultDays'>,
  log: Logger,
): Promise<DeadLetters> {
  const rabbitmqUrl = needed('RABBITMQ_URL', config.rabbitmqUrl);
  const mongodbUrl = needed('MONGODB_URL', config.mongodbUrl);
  await using opened = new AsyncDisposableStack();
  const skipped = createSkipLog({ clock: systemClock, log });
  const names = { video: config.videoQueue, mp3: config.mp3Queue };
  const rabbit = opened.use(await openRabbit(rabbitmqUrl, log, skipped, names));
  const queues = [
    { name: queueNames(names.video).dead, queue: rabbit.videoQueue },
    { name: queueNames(names.mp3).dead, queue: rabbit.mp3Queue },
  ];
  const kept = opened.move();
  return {
    async list() {
      const lists = queues.map(async ({ name, queue }) =>
        (await queue.deadLetters()).map((letter) => ({ ...letter, queue: name })),
      );
      return (await Promise.all(lists)).flat();
    },

    async retry(conversionId) {
      // Only a retry needs it, so the letters can be read while it is away.
      await using stores = await openMongoStores(mongodbUrl, skipped);
      const retention = retentionOf(config);
      const parts = { ...rabbit, store: stores.conversions, clock: systemClock, log, retention };
      await createOperatorSide(parts).retry(conversionId);
    },

    async drop(ids) {
      const counts = await Promise.all(queues.map(({ queue }) => queue.dropDeadLetters(ids)));
      return counts.reduce((sum, count) => sum + count, 0);
    },

    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
