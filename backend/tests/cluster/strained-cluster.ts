import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeMailedAccount } from '../mail/mailed-account.ts';
import { openMediaFolder } from '../media/make-media.ts';
import { type ApiClient, signIn } from '../running/api-client.ts';
import { type BadLine, openBadLine } from '../running/bad-line.ts';
import { clockAhead } from '../running/clock-ahead.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../running/held-ffmpeg.ts';
import { type MailServer, startMailServer } from '../running/mail-server.ts';
import { startRunningCluster } from '../running/running-cluster.ts';
import { type ServiceName, startServiceProcess } from '../running/service-process.ts';
import { type PrivateServers, startPrivateServers } from '../servers/cluster-servers.ts';
import { freePort } from '../servers/server-program.ts';

/** By how many hours the clock of each process is ahead. The first gateway asks the first auth, and the second one the second. */
export interface Clocks extends Readonly<Record<ServiceName, readonly number[]>> {
  readonly auth: readonly [number, number];
  readonly gateway: readonly [number, number];
}

/** RabbitMQ ends a silent connection after twice this, and takes a ticket that was not acknowledged away from its converter after this. */
export const impatientSeconds = 2;

/**
 * A cluster whose processes have different clocks, and whose servers are impatient. The clocks of the servers and of the tests are right.
 */
export interface StrainedCluster extends AsyncDisposable {
  readonly servers: PrivateServers;
  /** Between the services and MongoDB. */
  readonly mongoLine: BadLine;
  /** The settings of the services. */
  readonly settings: Readonly<Record<'JWT_SECRET', string>>;
  readonly ffmpeg: HeldFfmpeg;
  readonly mailServer: MailServer;
  /** Path of a video that is long enough for a held ffmpeg. */
  readonly lecture: string;
  /** Path of a video of two seconds. */
  readonly talk: string;
  /** How many conversions run at once. */
  readonly places: number;
  /** The addresses of the gateways, without a trailing slash. */
  readonly gateways: readonly [string, string];
  /** An account, signed in at each gateway. Its address is confirmed. */
  readonly person: readonly [ApiClient, ApiClient];
}

/** Of RabbitMQ: https://www.rabbitmq.com/docs/heartbeats, https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout */
const impatience = [`heartbeat = ${impatientSeconds}`, `consumer_timeout = ${impatientSeconds * 1000}`];

export async function startStrainedCluster(clocks: Clocks): Promise<StrainedCluster> {
  await using opened = new AsyncDisposableStack();
  const media = opened.use(await openMediaFolder());
  const [ffmpeg, mailServer, servers, lecture, talk] = await Promise.all([
    makeHeldFfmpeg(media.path),
    startMailServer().then((server) => opened.use(server)),
    startPrivateServers({ settings: impatience }).then((server) => opened.use(server)),
    media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false }),
    media.make({ container: 'mp4', seconds: 2 }),
  ]);
  const mongoLine = opened.use(await openBadLine({ target: () => servers.mongo.url.replace(/^mongodb/, 'http') }));
  const settings = {
    ...servers.environment,
    MONGODB_URL: mongoLine.url.replace(/^http/, 'mongodb'),
    ...ffmpeg.environment,
    JWT_SECRET: 'a secret that both auth processes have',
    SMTP_URL: mailServer.url,
    PUBLIC_URL: 'https://sound.example.org',
  };
  const hoursAhead = (hours = 0) => clockAhead(hours * 3600);

  // All auth processes of a running cluster have one address, so it has only one of them.
  const folder = join(media.path, 'second-auth');
  await mkdir(folder);
  const secondAuth = await startServiceProcess('auth', folder, {
    ...settings,
    ...hoursAhead(clocks.auth[1]),
    PORT: String(await freePort()),
  });
  opened.use(secondAuth);
  const services: readonly ServiceName[] = [
    'auth',
    ...(['gateway', 'converter', 'notifier'] as const).flatMap((name) => clocks[name].map(() => name)),
  ];
  const cluster = opened.use(
    await startRunningCluster({
      servers: servers.environment,
      services,
      settings,
      settingsOf(name, number) {
        const place = number - services.indexOf(name);
        const own = hoursAhead(clocks[name][place]);
        return name === 'gateway' && place === 1 ? { ...own, AUTH_URL: secondAuth.said } : own;
      },
    }),
  );
  const [first = '', second = ''] = cluster.named('gateway').map(({ url }) => url);
  const one = await makeMailedAccount({ url: () => first }, mailServer);
  const other = await signIn({ url: () => second, email: one.email, password: one.password });
  const kept = opened.move();
  return {
    servers,
    mongoLine,
    settings,
    ffmpeg,
    mailServer,
    lecture,
    talk,
    places: clocks.converter.length,
    gateways: [first, second],
    person: [one, other],
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
