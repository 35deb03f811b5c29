import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { pino } from 'pino';
import { parseConfig } from '../../config.ts';
import { createOwnerSide } from '../../conversions/conversions.ts';
import { openClusterParts } from '../../main/cluster-parts.ts';
import { makeHeldFfmpeg } from '../running/held-ffmpeg.ts';
import type { OwnProcess } from '../running/own-process.ts';
import { startRunningCluster } from '../running/running-cluster.ts';
import { startClusterServers } from '../servers/cluster-servers.ts';
import type { FlowBackend } from './flow-backend.ts';

/** A cluster: auth, two gateways, two converters and a notifier, each a process of its own, over real servers. */
export async function startClusterBackend(): Promise<FlowBackend> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-flow-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const ffmpeg = await makeHeldFfmpeg(folder);
  const servers = opened.use(await startClusterServers());
  const mongo = opened.use(new MongoClient(servers.environment.MONGODB_URL));
  const cluster = opened.use(await startRunningCluster({ servers: servers.environment, settings: ffmpeg.environment }));
  const all = async <Result>(work: (one: OwnProcess) => Promise<Result>): Promise<readonly Result[]> =>
    await Promise.all(cluster.services.map((service) => work(service.process())));

  async function blobsOf(database: string): Promise<readonly string[]> {
    const blobs = await mongo.db(database).collection<{ readonly _id: string }>('fs.blobs').find().toArray();
    return blobs.map(({ _id }) => _id);
  }

  async function workInProgress(): Promise<readonly string[]> {
    const names = await readdir(cluster.folder, { recursive: true });
    // Each service has a folder, and the converters have a locked one in theirs.
    return names.filter((name) => name.split('/').length > 2 && !name.endsWith('/lock'));
  }

  let asked = 0;
  const kept = opened.move();
  return {
    url() {
      // The gateways in turn, as a load balancer does.
      const gateways = cluster.named('gateway');
      asked += 1;
      return gateways[asked % gateways.length]?.url ?? '';
    },
    ffmpeg,
    async stored() {
      const [videos, mp3s, work] = await Promise.all([blobsOf('videos'), blobsOf('mp3s'), workInProgress()]);
      return { videos, mp3s, work };
    },
    async sweep() {
      const { signal } = new AbortController();
      await using parts = await openClusterParts(parseConfig(cluster.environment), pino({ level: 'silent' }), {
        signal,
      });
      const retention = { sourceSeconds: 86_400, resultSeconds: 30 * 86_400 };
      const side = createOwnerSide({ ...parts, store: parts.conversions, retention });
      await side.sweeper.tidy();
      side.close();
    },
    converting: async () => (await all((one) => one.workers())).flat(),
    async crash() {
      await all((one) => one.kill());
      await Promise.all(cluster.services.map((service) => service.start()));
    },
    freeze: async () => void (await all((one) => one.signal('SIGSTOP'))),
    thaw: async () => void (await all((one) => one.signal('SIGCONT'))),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
