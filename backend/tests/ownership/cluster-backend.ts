import { AsyncLocalStorage } from 'node:async_hooks';
import { pino } from 'pino';
import { openMysqlAuthStores } from '../../adapters/cluster/mysql-auth-stores.ts';
import { createAccessTokens } from '../../auth/access-tokens.ts';
import { parseConfig } from '../../config.ts';
import { openClusterParts } from '../../main/cluster-parts.ts';
import { systemClock } from '../../ports/clock.ts';
import { createConversions } from '../all-sides.ts';
import { type MailServer, startMailServer } from '../running/mail-server.ts';
import { type RunningCluster, startRunningCluster } from '../running/running-cluster.ts';
import { type PrivateServers, startPrivateServers } from '../servers/cluster-servers.ts';
import { makeTestAccount } from '../test-account.ts';
import { outOfTurn } from '../test-conversions.ts';
import { finishConversion, storedBlobs } from '../test-gateway.ts';
import type { OwnershipBackend } from './ownership-backend.ts';

/** Auth and a gateway, each a process of its own, over real servers. No converter takes the conversions. */
export interface ClusterBackend extends OwnershipBackend {
  readonly servers: PrivateServers;
  readonly cluster: RunningCluster;
  /** The mails that it has sent. */
  readonly mails: MailServer['mails'];
  /** Removes the blobs that no row needs, as is done once an hour. */
  sweep(): Promise<void>;
}

export async function startClusterBackend(): Promise<ClusterBackend> {
  await using opened = new AsyncDisposableStack();
  const mailServer = opened.use(await startMailServer());
  const servers = opened.use(await startPrivateServers({ management: true }));
  const cluster = opened.use(
    await startRunningCluster({
      servers: servers.environment,
      services: ['auth', 'gateway'],
      // So that a test can be many clients, none of which guesses too often.
      settings: { TRUSTED_PROXIES: '127.0.0.1', SMTP_URL: mailServer.url },
    }),
  );
  const [gateway] = cluster.named('gateway');
  const url = gateway?.url ?? '';
  const { signal } = new AbortController();
  const log = pino({ level: 'silent' });
  const parts = opened.use(await openClusterParts(parseConfig(cluster.environment), log, { signal }));
  const { users, sessions } = opened.use(await openMysqlAuthStores(servers.environment.MYSQL_URL));
  const signingSecret = cluster.environment['JWT_SECRET'] ?? '';
  const tokens = createAccessTokens({ secrets: [signingSecret], clock: systemClock });
  const wanted = new AsyncLocalStorage<string>();
  const store = outOfTurn(parts.conversions, wanted);
  const retention = { sourceSeconds: 24 * 3600, resultSeconds: 30 * 24 * 3600 };
  const conversions = createConversions({ ...parts, store, retention });
  opened.defer(() => conversions.close());
  const take = (id: string) => wanted.run(id, () => conversions.work.take());
  const kept = opened.move();
  return {
    url,
    servers,
    cluster,
    mails: mailServer.mails,
    sweep: () => conversions.sweeper.tidy(),
    signingSecret,
    account: (account) => makeTestAccount({ url, users, sessions, tokens }, account),
    removeAccount: (id) => users.remove(id),
    finish: (id, mp3) => finishConversion({ take, mp3s: parts.mp3s }, id, mp3),
    notify: async (owner, notification) => void (await parts.notifications.insert({ owner, notification, told: [] })),
    blobs: () => storedBlobs(parts),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
