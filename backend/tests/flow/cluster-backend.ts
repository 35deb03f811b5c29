import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { openMysqlAuthStores } from '../../adapters/cluster/mysql-auth-stores.ts';
import { createUser } from '../../auth/accounts.ts';
import { createPasswordHashing } from '../../auth/password-hashing.ts';
import { systemClock } from '../../ports/clock.ts';
import { makeHeldFfmpeg } from '../running/held-ffmpeg.ts';
import type { OwnProcess } from '../running/own-process.ts';
import { type RunningCluster, startRunningCluster } from '../running/running-cluster.ts';
import { sweepCluster } from '../running/sweep-cluster.ts';
import { startClusterServers } from '../servers/cluster-servers.ts';
import { type PrivateRabbit, startPrivateRabbit } from '../servers/private-rabbitmq.ts';
import type { FlowBackend } from './flow-backend.ts';
import { startFlowMail } from './flow-mail.ts';

/** A cluster whose services and broker can be ended one by one. */
export interface ClusterBackend extends FlowBackend {
  readonly cluster: RunningCluster;
  readonly rabbit: PrivateRabbit;
}

/** A cluster: auth, two gateways, two converters and a notifier, each a process of its own, over real servers. */
export async function startClusterBackend(): Promise<ClusterBackend> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-flow-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const ffmpeg = await makeHeldFfmpeg(folder);
  const mail = opened.use(await startFlowMail());
  // Not the one that RABBITMQ_URL may name: tests kill it.
  const rabbit = opened.use(await startPrivateRabbit());
  const servers = opened.use(await startClusterServers({ rabbit }));
  const { MYSQL_URL, MONGODB_URL } = servers.environment;
  const mongo = opened.use(new MongoClient(MONGODB_URL));
  const cluster = opened.use(
    await startRunningCluster({
      servers: servers.environment,
      settings: { ...ffmpeg.environment, ...mail.environment },
      settingsOf: (name) => (name === 'notifier' ? { PUBLIC_URL: 'https://sound.example.org' } : {}),
    }),
  );
  const all = async <Result>(work: (one: OwnProcess) => Promise<Result>): Promise<readonly Result[]> =>
    await Promise.all(cluster.services.map((service) => work(service.process())));

  async function blobsOf(database: string): Promise<readonly string[]> {
    const blobs = await mongo.db(database).collection<{ readonly _id: string }>('fs.blobs').find().toArray();
    return blobs.map(({ _id }) => _id);
  }

  const kept = opened.move();
  return {
    url: () => cluster.nextGatewayUrl(),
    ffmpeg,
    mail,
    cluster,
    rabbit,
    signingSecret: cluster.environment['JWT_SECRET'] ?? '',
    async addAccount(account) {
      await using stores = await openMysqlAuthStores(MYSQL_URL);
      const hashing = createPasswordHashing();
      await createUser({ ...account, confirmed: true }, { ...stores, hashing, clock: systemClock });
    },
    async storedAccounts() {
      const connection = await createConnection(MYSQL_URL);
      try {
        const [tables] = await connection.query<RowDataPacket[]>('SHOW TABLES');
        const values = await Promise.all(
          tables.flatMap(Object.values).map(async (table: string) => {
            const [rows] = await connection.query<RowDataPacket[]>('SELECT * FROM ??', [table]);
            return rows.flatMap((row) => Object.values(row));
          }),
        );
        // As text, so that a password that is stored as bytes is found as well.
        return Buffer.from(values.flat().map(String).join('\n'));
      } finally {
        await connection.end();
      }
    },
    async stored() {
      const [videos, mp3s, work] = await Promise.all([blobsOf('videos'), blobsOf('mp3s'), cluster.temporaryFiles()]);
      return { videos, mp3s, work };
    },
    sweep: () => sweepCluster(cluster.environment),
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
