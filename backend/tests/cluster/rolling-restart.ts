import { MongoClient } from 'mongodb';
import { expect } from 'vitest';
import type { ApiClient } from '../running/api-client.ts';
import type { MailServer } from '../running/mail-server.ts';
import type { RunningCluster, RunningService } from '../running/running-cluster.ts';
import { waitUntil } from '../running/wait-until.ts';
import { type LoadFacts, startGatewayLoad } from './gateway-load.ts';

export interface RollingRestartParts {
  readonly cluster: RunningCluster;
  readonly mailServer: MailServer;
  /** With a confirmed address. */
  readonly account: ApiClient;
  /** A short one. */
  readonly video: string;
  /** The services that are restarted, one group after the other. */
  readonly groups: readonly (readonly RunningService[])[];
}

export interface RollingRestartFacts extends LoadFacts {
  readonly restarts: number;
  readonly conversions: number;
}

/**
 * Restarts services, while clients upload, list, listen, download and sign in. Throws if a client sees a failure that
 * HTTP does not let it retry, or if something acknowledged is lost or done twice.
 */
export async function restartUnderLoad(parts: RollingRestartParts): Promise<RollingRestartFacts> {
  const { cluster, account, video, groups } = parts;
  const load = startGatewayLoad({ gateways: cluster.named('gateway').map(({ url }) => url), account, video });
  try {
    for (const group of groups) {
      // Not before the clients have used what was restarted last.
      await load.progress();
      await Promise.all(group.map(restart));
    }
    await load.progress();
  } finally {
    await load.stop();
  }
  await expectDoneOnce(parts, load.acknowledged);
  return { restarts: groups.flat().length, conversions: load.acknowledged.length, ...load.facts() };
}

async function restart(service: RunningService): Promise<void> {
  await service.process().stop();
  await service.start();
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
