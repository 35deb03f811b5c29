import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { isAppError } from '../../../shared/errors.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import type { JobQueue } from '../../ports/job-queue.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { openRabbitConnection, type RabbitConnection } from './rabbit-connection.ts';
import { createRabbitEventBus } from './rabbit-event-bus.ts';
import { createRabbitJobQueue } from './rabbit-job-queue.ts';
import { parseRabbitUrl } from './rabbit-url.ts';

export interface RabbitParts extends AsyncDisposable {
  readonly videoQueue: JobQueue;
  readonly mp3Queue: JobQueue;
  readonly events: EventBus;
}

/** What the queues are called in RabbitMQ. */
export interface RabbitQueueNames {
  readonly video: string;
  readonly mp3: string;
}

/**
 * Connects to RabbitMQ and declares what is needed there. If RabbitMQ cannot be reached now, it is tried again until the parts are
 * disposed of; meanwhile consumers look for work without tickets. Throws `invalid` if the URL is no good or RabbitMQ refuses it, and
 * `unsupported` if RabbitMQ has queues with other settings.
 */
export async function openRabbit(
  url: string,
  log: Logger,
  skipped: ReportSkipped,
  names: RabbitQueueNames = { video: 'video', mp3: 'mp3' },
): Promise<RabbitParts> {
  const address = parseRabbitUrl(url);
  const videoQueue = createRabbitJobQueue(names.video, (error) =>
    log.error({ err: error }, 'a job of the converter failed'),
  );
  const mp3Queue = createRabbitJobQueue(names.mp3, (error) =>
    log.error({ err: error }, 'a job of the notifier failed'),
  );
  const events = createRabbitEventBus({
    exchange: 'soundlift.events',
    onError: (error) => log.error({ err: error }, 'a listener failed'),
    skipped,
  });
  await using opened = new AsyncDisposableStack();
  const name = `soundlift on ${hostname()}, process ${process.pid}`;
  // Two connections, so that trouble with the queues does not end the events.
  const connections = await Promise.all([
    openRabbitConnection({ address, log, name: `${name}: queues`, users: [videoQueue, mp3Queue] }),
    openRabbitConnection({ address, log, name: `${name}: events`, users: [events] }),
  ]);
  for (const connection of connections) opened.defer(() => connection.close());
  opened.defer(async () => void (await Promise.all([videoQueue.close(), mp3Queue.close(), events.close()])));
  await Promise.all(connections.map(hasTried));
  const kept = opened.move();
  return { videoQueue, mp3Queue, events, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Waits for the first attempt. Throws if a person has to do something before another one can succeed. */
async function hasTried({ firstAttempt }: RabbitConnection): Promise<void> {
  await firstAttempt.catch((error: unknown) => {
    if (!isAppError(error, 'unavailable')) throw error;
  });
}
