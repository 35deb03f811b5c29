import { MongoClient } from 'mongodb';
import { expect } from 'vitest';
import type { ApiClient } from '../running/api-client.ts';
import type { MailServer } from '../running/mail-server.ts';
import type { RunningCluster } from '../running/running-cluster.ts';
import { waitUntil } from '../running/wait-until.ts';
import { type LoadFacts, startGatewayLoad } from './gateway-load.ts';

export interface RollingRestartParts {
  readonly cluster: RunningCluster;
  readonly mailServer: MailServer;
  /** With a confirmed address. */
  readonly account: ApiClient;
  /** A short one. */
  readonly video: string;
  /** How often all services are restarted. */
  readonly rounds: number;
}

export interface RollingRestartFacts extends LoadFacts {
  readonly restarts: number;
  readonly conversions: number;
}

/**
 * Restarts all services one after the other, while clients upload, list, listen, download and sign in. Throws if a client sees a failure that
 * HTTP does not let it retry, or if something acknowledged is lost or done twice.
 */
export async function restartUnderLoad(parts: RollingRestartParts): Promise<RollingRestartFacts> {
  const { cluster, account, video, rounds } = parts;
  const load = startGatewayLoad({ gateways: cluster.named('gateway').map(({ url }) => url), account, video });
  let restarts = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const service of cluster.services) {
        // Not before the clients have used what was restarted last.
        await load.progress();
        await service.process().stop();
        await service.start();
        restarts += 1;
      }
    }
    await load.progress();
  } finally {
    await load.stop();
  }
  await expectDoneOnce(parts, load.acknowledged);
  return { restarts, conversions: load.acknowledged.length, ...load.facts() };
}

/** Every conversion is done at its first attempt, and has one MP3, one notification and one mail. */
async function expectDoneOnce(parts: RollingRestartParts, ids: readonly string[]): Promise<void> {
  const { cluster, account, mailServer } = parts;
  for (const id of ids) {
    expect(await account.ended(id, { seconds: 120 })).toMatchObject({ state: 'done', attempt: 1 });
  }
  const toldOf = async () => {
    const told = await account.notifications();
    return told.filter(({ conversionIds }) => conversionIds.some((id) => ids.includes(id)));
  };
  await waitUntil('all was told and mailed', async () => {
    const told = await toldOf();
    return told.length >= ids.length && told.every(({ mail }) => mail === 'sent');
  });
  const told = await toldOf();
  expect(told.flatMap(({ conversionIds }) => conversionIds).toSorted()).toEqual(ids.toSorted());
  const mails = mailServer.mails.filter(({ raw }) => ids.some((id) => raw.includes(id)));
  expect(new Set(mails.map(({ parsed }) => parsed.messageId)).size).toBe(ids.length);
  await using mongo = new MongoClient(cluster.environment['MONGODB_URL'] ?? '');
  const blobs = await mongo.db('mp3s').collection<{ readonly _id: string }>('fs.blobs').find().toArray();
  const mp3s = blobs.map(({ _id }) => _id).filter((name) => ids.some((id) => name.startsWith(id)));
  expect(mp3s).toHaveLength(ids.length);
}
