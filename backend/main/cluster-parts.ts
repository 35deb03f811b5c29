import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AppError, isAppError } from '../../shared/errors.ts';
import { openGridFsBlobStores } from '../adapters/cluster/gridfs-blob-store.ts';
import { openMongoStores } from '../adapters/cluster/mongo-stores.ts';
import { openMysqlAuthStores } from '../adapters/cluster/mysql-auth-stores.ts';
import { openRabbit } from '../adapters/cluster/open-rabbit.ts';
import { parseRabbitUrl } from '../adapters/cluster/rabbit-url.ts';
import { freeBytes, limitsAt } from '../adapters/embedded/volume-space.ts';
import type { Config } from '../config.ts';
import { createSkipLog } from '../conversions/skip-log.ts';
import { systemClock } from '../ports/clock.ts';
import type { SkippedItem } from '../ports/skipped-item.ts';
import type { Parts } from './parts.ts';

/** The parts that only auth uses. */
type AuthPart = 'users' | 'sessions' | 'codes' | 'rateLimit' | 'signingSecret';

/** How long to wait before a server that could not be reached is tried again. */
const retrySeconds = 2;

export interface ClusterPartsOptions {
  /** Ends the waiting for servers that cannot be reached. */
  readonly signal: AbortSignal;
  /** Absolute path of an empty folder for running conversions. Only a converter needs it. */
  readonly workFolder?: string;
  /** Called for each line that is logged about a skipped item. */
  readonly onSkipped?: ((item: SkippedItem) => void) | undefined;
}

/**
 * Makes the parts of the gateway, the converter and the notifier in a cluster: MongoDB and RabbitMQ. Waits until they can be reached.
 * Throws `invalid` for a missing or wrong setting, and `unsupported` if a newer version has used them.
 */
export async function openClusterParts(
  config: Pick<Config, 'mongodbUrl' | 'rabbitmqUrl' | 'videoQueue' | 'mp3Queue'>,
  log: Logger,
  { signal, workFolder = tmpdir(), onSkipped }: ClusterPartsOptions,
): Promise<Omit<Parts, AuthPart>> {
  const mongodbUrl = needed('MONGODB_URL', config.mongodbUrl);
  const rabbitmqUrl = needed('RABBITMQ_URL', config.rabbitmqUrl);
  // Refuses a wrong one now, and not only once MongoDB can be reached.
  parseRabbitUrl(rabbitmqUrl);
  await using opened = new AsyncDisposableStack();
  const skipped = createSkipLog({ clock: systemClock, log, ...(onSkipped === undefined ? {} : { onSkipped }) });
  const { workFloor } = limitsAt(workFolder);
  // The work folder may be removed before the parts are disposed of, but is on the same volume.
  const workRoom = async (): Promise<number> => (await freeBytes(tmpdir())) - workFloor;
  const stores = opened.use(await onceReachable('MongoDB', () => openMongoStores(mongodbUrl, skipped), log, signal));
  const { videos, mp3s } = await onceReachable(
    'MongoDB',
    () => openGridFsBlobStores(stores.client, { workFolder, roomBytes: workRoom }),
    log,
    signal,
  );
  const queues = { video: config.videoQueue, mp3: config.mp3Queue };
  const rabbit = opened.use(await openRabbit(rabbitmqUrl, log, skipped, queues));
  const kept = opened.move();
  return {
    ...stores,
    ...rabbit,
    videos,
    mp3s,
    log,
    workFolder,
    workRoom,
    exclusive: false,
    skipped,
    damage: () => undefined,
    broken: new AbortController().signal,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * Makes the parts of auth in a cluster: MySQL. Waits until it can be reached. Throws `invalid` for a missing or wrong setting, and
 * `unsupported` if a newer version has changed the tables.
 */
export async function openClusterAuthParts(
  config: Pick<Config, 'mysqlUrl' | 'jwtSecrets'>,
  log: Logger,
  signal: AbortSignal,
): Promise<Pick<Parts, AuthPart | 'clock' | 'log'> & AsyncDisposable> {
  const url = needed('MYSQL_URL', config.mysqlUrl);
  const [secret] = needed('JWT_SECRET', config.jwtSecrets);
  const stores = await onceReachable('MySQL', () => openMysqlAuthStores(url), log, signal);
  return {
    ...stores,
    log,
    async signingSecret() {
      return needed('JWT_SECRET', secret);
    },
    [Symbol.asyncDispose]: () => stores[Symbol.asyncDispose](),
  };
}

/** Throws `invalid` if the setting is missing. */
export function needed<Value>(name: string, value: Value | undefined): Value {
  if (value === undefined) throw new AppError('invalid', `${name} must be set.`);
  return value;
}

/** Repeats `open` while it throws `unavailable`. Throws the reason of `signal` once that fires. */
async function onceReachable<Opened>(
  what: string,
  open: () => Promise<Opened>,
  log: Logger,
  signal: AbortSignal,
): Promise<Opened> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await open();
    } catch (error) {
      if (!isAppError(error, 'unavailable')) throw error;
      log.warn({ err: error }, `waiting for ${what}`);
    }
    await delay(retrySeconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
