import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMediaFolder } from '../media/make-media.ts';
import { type ApiClient, makeAccount, signIn } from '../running/api-client.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../running/held-ffmpeg.ts';
import { type MailServer, startMailServer } from '../running/mail-server.ts';
import { type RunningCluster, startRunningCluster } from '../running/running-cluster.ts';
import type { ServiceName } from '../running/service-process.ts';
import { type ClusterEnvironment, startClusterServers } from '../servers/cluster-servers.ts';
import { freePort } from '../servers/server-program.ts';

/** A cluster with two processes of each service. If there are two auths, each gateway and each notifier asks its own. */
export interface DoubledCluster extends AsyncDisposable {
  readonly cluster: RunningCluster;
  readonly servers: ClusterEnvironment;
  /** The addresses of the two gateways, without slashes at their ends. */
  readonly gateways: readonly [string, string];
  readonly ffmpeg: HeldFfmpeg;
  readonly mailServer: MailServer;
  /** Paths of a video of three seconds, and of one that is long enough to be held. */
  readonly talk: string;
  readonly lecture: string;
}

const notAuth: readonly ServiceName[] = ['gateway', 'gateway', 'converter', 'converter', 'notifier', 'notifier'];

export async function startDoubledCluster({ auths = 2 }: { readonly auths?: 1 | 2 } = {}): Promise<DoubledCluster> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-doubled-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const ffmpeg = await makeHeldFfmpeg(folder);
  const media = opened.use(await openMediaFolder());
  const mailServer = opened.use(await startMailServer());
  const { environment: servers } = opened.use(await startClusterServers());
  const authPorts = [String(await freePort()), String(await freePort())].slice(0, auths);
  const cluster = opened.use(
    await startRunningCluster({
      servers,
      services: [...authPorts.map(() => 'auth' as const), ...notAuth],
      settings: {
        ...ffmpeg.environment,
        SMTP_URL: mailServer.url,
        PUBLIC_URL: 'https://sound.example.org',
        // So that a test can have many clients.
        TRUSTED_PROXIES: '127.0.0.1',
      },
      settingsOf(name, number) {
        const authPort = authPorts[number % auths] ?? '';
        return name === 'auth' ? { PORT: authPort } : { AUTH_URL: `http://127.0.0.1:${authPort}` };
      },
    }),
  );
  const [one, other] = cluster.named('gateway');
  if (one === undefined || other === undefined) throw new Error('there are no two gateways');
  const talk = await media.make({ container: 'mp4', seconds: 3 });
  const lecture = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }] });
  const kept = opened.move();
  return {
    cluster,
    servers,
    gateways: [one.url, other.url],
    ffmpeg,
    mailServer,
    talk,
    lecture,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The same account at both gateways. */
export type Both = readonly [ApiClient, ApiClient];

/** Makes an account. Returns it at both gateways. */
export async function accountAtBoth({ gateways }: DoubledCluster): Promise<Both> {
  const one = await makeAccount({ url: () => gateways[0] });
  const { email, password } = one;
  return [one, await signIn({ url: () => gateways[1], email, password })];
}
