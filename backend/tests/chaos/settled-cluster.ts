import type { MongoClient } from 'mongodb';
import { z } from 'zod';
import { type Conversion, hasEnded, type Notification } from '../../../shared/api.ts';
import type { BlobState } from '../../adapters/cluster/gridfs-documents.ts';
import { mp3BlobId, videoBlobId } from '../../conversions/blob-names.ts';
import type { ApiClient } from '../running/api-client.ts';
import { sweepCluster } from '../running/sweep-cluster.ts';
import { waitUntil } from '../running/wait-until.ts';
import { findLeftovers } from '../stores/gridfs-leftovers.ts';
import { downloadAndCheck } from '../stress/stress-clients.ts';
import type { ChaosLedger } from './chaos.ts';
import type { ChaosCluster } from './chaos-cluster.ts';

export interface SettlingParts {
  readonly cluster: ChaosCluster;
  readonly mongo: MongoClient;
  readonly ledger: ChaosLedger;
  readonly violate: (what: string) => void;
  readonly say: (line: string) => void;
}

/** More than a lease, and more than the minute after which lost tickets are published again. */
const settlingSeconds = 180;
/** For each conversion that may still wait for its turn, on a busy machine. */
const secondsEach = 15;

/** Waits until everything has ended, and compares it with what people were told. Then ends the services in order. */
export async function expectSettledCluster(parts: SettlingParts): Promise<void> {
  const { ledger, violate, say } = parts;
  const ended: Conversion[] = [];
  const began = performance.now();
  for (const account of ledger.accounts) {
    const seconds = settlingSeconds + secondsEach * ledger.acknowledged.size;
    const [conversions, notifications] = await settledAccount(account, seconds);
    ended.push(...conversions);
    compareEnds(conversions, notifications, parts);
    compareMails(account, notifications, parts);
  }
  say(`everything has ended ${((performance.now() - began) / 1000).toFixed(1)} s later`);
  const ids = new Set(ended.map(({ id }) => id));
  for (const [id, job] of ledger.acknowledged)
    if (!ids.has(id)) violate(`${job.fileName} was acknowledged and is gone`);
  const [account] = ledger.accounts;
  for (const conversion of ended) {
    const owner = ledger.accounts[ledger.acknowledged.get(conversion.id)?.person ?? 0] ?? account;
    if (conversion.state !== 'done' || owner === undefined || !ledger.acknowledged.has(conversion.id)) continue;
    await downloadAndCheck(owner, conversion).catch((error: unknown) => violate(String(error)));
  }
  await expectNothingLeft(parts, ended);
  await expectOrderlyEnd(parts);
}

/** Resolves once all conversions of an account have ended, and have notifications that were mailed. */
async function settledAccount(
  account: ApiClient,
  seconds: number,
): Promise<[readonly Conversion[], readonly Notification[]]> {
  let last: unknown;
  return await waitUntil(
    `all of ${account.email} has ended`,
    async () => {
      try {
        const [conversions, notifications] = [await account.conversions(), await account.notifications()];
        const told = new Set(notifications.flatMap(({ conversionIds }) => conversionIds));
        last = conversions.filter(({ id, state }) => !hasEnded(state) || (state !== 'cancelled' && !told.has(id)));
        if (Array.isArray(last) && last.length > 0) return undefined;
        last = notifications.filter(({ mail }) => mail === undefined);
        if (Array.isArray(last) && last.length > 0) return undefined;
        return [conversions, notifications] satisfies [readonly Conversion[], readonly Notification[]];
      } catch (error) {
        last = error;
        return undefined;
      }
    },
    { seconds, everyMilliseconds: 500 },
  ).catch((cause: unknown) => {
    throw new Error(`${String(cause)}: ${JSON.stringify(last)} ${String(last)}`);
  });
}

function compareEnds(
  conversions: readonly Conversion[],
  notifications: readonly Notification[],
  { ledger: { acknowledged, doubtful }, violate }: SettlingParts,
): void {
  const told = notifications.flatMap(({ conversionIds }) => conversionIds);
  for (const conversion of conversions) {
    const { id, fileName, state, error } = conversion;
    const job = acknowledged.get(id);
    if (job === undefined) {
      if (!doubtful.has(fileName)) violate(`nobody was told of ${fileName}, which is ${state}`);
      continue;
    }
    const end = state === 'failed' ? error?.code : state;
    if (end !== job.source.end) violate(`${fileName} should be ${job.source.end}: ${JSON.stringify(conversion)}`);
    const times = told.filter((one) => one === id).length;
    if (times !== 1) violate(`${fileName} is in ${times} notifications`);
    const batch = notifications.find(({ conversionIds }) => conversionIds.includes(id));
    const size = job.batch?.batchSize ?? 1;
    if (batch?.conversionIds.length !== size) violate(`a notification covers not ${size}: ${JSON.stringify(batch)}`);
  }
}

/** One `Message-ID` a notification. A mail may have come twice with it. */
function compareMails(
  { email }: ApiClient,
  notifications: readonly Notification[],
  { cluster, violate }: SettlingParts,
): void {
  const mails = cluster.mailServer.mails.filter(
    ({ to, parsed }) => to.includes(email) && !parsed.subject?.includes('code'),
  );
  const messageIds = new Set(mails.map(({ parsed }) => parsed.messageId ?? ''));
  for (const notification of notifications) {
    const { id, mail } = notification;
    const own = [...messageIds].filter((messageId) => messageId.startsWith(`<${id}@`));
    if (own.length !== 1 || mail !== 'sent') violate(`${own.length} Message-IDs: ${JSON.stringify(notification)}`);
  }
  if (messageIds.size !== notifications.length) {
    violate(`${email} got mails about ${messageIds.size} batches, and there are ${notifications.length}`);
  }
}

/** Sweeps once, as soon as no gateway does. */
async function expectNothingLeft(
  { cluster, mongo, violate }: SettlingParts,
  ended: readonly Conversion[],
): Promise<void> {
  const own = mongo.db('soundlift');
  await waitUntil(
    'no gateway tidies',
    async () => (await own.collection<{ readonly _id: string }>('leases').findOne({ held: true })) === null,
    { seconds: settlingSeconds },
  );
  await sweepCluster(cluster.running.environment);
  const violateEach = (what: string, found: readonly string[]): void => {
    if (found.length > 0) violate(`${what}: ${found.join(', ')}`);
  };
  for (const database of ['videos', 'mp3s']) {
    violateEach(`left in ${database}`, await findLeftovers(mongo.db(database)));
  }
  const idsIn = async (database: string): Promise<readonly string[]> => {
    const blobs = await mongo.db(database).collection<BlobState>('fs.blobs').find().toArray();
    return blobs.map(({ _id, status }) => (status === 'finished' ? _id : `${_id} (${status})`));
  };
  const differences = (found: readonly string[], wanted: readonly string[]): readonly string[] => [
    ...found.filter((id) => !wanted.includes(id)).map((id) => `${id} is too much`),
    ...wanted.filter((id) => !found.includes(id)).map((id) => `${id} is missing`),
  ];
  const done = ended.filter(({ state }) => state === 'done');
  violateEach('MP3s', differences(await idsIn('mp3s'), done.map(mp3BlobId)));
  // Kept for a retry.
  const kept = ended.filter(({ state }) => state === 'failed');
  violateEach('videos', differences(await idsIn('videos'), kept.map(videoBlobId)));
  violateEach('temporary files', await cluster.running.temporaryFiles());
  const workers = (await Promise.all(cluster.services.map((service) => service.workers()))).flat();
  violateEach(
    'processes',
    workers.map(({ name }) => name),
  );
}

/** RabbitMQ has no figures of a queue yet if it has only just started. */
const queuesSchema = z.array(
  z.object({
    name: z.string(),
    messages: z.number().optional(),
    consumers: z.number().optional(),
    exclusive: z.boolean(),
  }),
);

async function expectOrderlyEnd({ cluster, violate }: SettlingParts): Promise<void> {
  const queues = async () => queuesSchema.parse(await cluster.servers.rabbit.manage('queues?disable_stats=false'));
  /** RabbitMQ's figures are a little late. */
  async function expectQueues(when: string, wanted: readonly string[]): Promise<void> {
    let found: readonly string[] = [];
    await waitUntil(when, async () => {
      const durable = (await queues()).filter(({ exclusive }) => !exclusive);
      const temporary = (await queues()).filter(({ exclusive }) => exclusive);
      found = [
        ...durable.map(({ name, messages, consumers }) => `${name}: ${messages} messages, ${consumers} consumers`),
        `${temporary.length} temporary queues`,
      ].toSorted();
      return found.join() === wanted.toSorted().join();
    }).catch(() => violate(`the queues ${when}: ${JSON.stringify(found)}`));
  }
  const queuesWith = (video: number, mp3: number): readonly string[] => [
    ...[`video: 0 messages, ${video} consumers`, `video.places: 0 messages, ${video} consumers`],
    ...[`mp3: 0 messages, ${mp3} consumers`, `mp3.places: 0 messages, ${mp3} consumers`],
    ...['video.dead: 0 messages, 0 consumers', 'mp3.dead: 0 messages, 0 consumers'],
  ];
  // All but auth hear events, each with two queues of its own.
  await expectQueues('while services are idle', [...queuesWith(2, 1), '10 temporary queues']);
  await Promise.all(
    cluster.services.map((service) =>
      service.stop().catch((error: unknown) => violate(`${service.title}: ${String(error)}`)),
    ),
  );
  await expectQueues('after all services have ended', [...queuesWith(0, 0), '0 temporary queues']);
}
