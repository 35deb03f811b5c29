import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { startClusterServers } from '../servers/cluster-servers.ts';
import { makeAccount } from './api-client.ts';
import { openBadLine } from './bad-line.ts';
import { startRunningCluster } from './running-cluster.ts';
import type { RemoteStand, ServerStandOptions } from './server-stand.ts';

/** A cluster with servers of its own, whose line leads to its two gateways in turn. */
export async function openClusterStand(options: ServerStandOptions = {}): Promise<RemoteStand> {
  const { environment = {}, line: badness = {} } = options;
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await startClusterServers());
  const cluster = opened.use(
    await startRunningCluster({
      servers: servers.environment,
      settings: environment,
      // Without it, a notifier that mails does not start.
      settingsOf: (name) => (name === 'notifier' ? { PUBLIC_URL: 'https://sound.example.org' } : {}),
    }),
  );
  const url = (): string => cluster.nextGatewayUrl();
  const line = opened.use(await openBadLine({ ...badness, target: url }));
  const account = await makeAccount({ url });
  const kept = opened.move();
  return {
    line,
    account,
    kill: async () => void (await Promise.all(cluster.services.map((service) => service.process().kill()))),
    startAgain: async () => void (await Promise.all(cluster.services.map((service) => service.start()))),
    async sessions() {
      const connection = await createConnection(servers.environment.MYSQL_URL);
      try {
        const [rows] = await connection.query<RowDataPacket[]>('SELECT HEX(id) AS id FROM session ORDER BY id');
        return rows.map(({ id }) => String(id));
      } finally {
        await connection.end();
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
