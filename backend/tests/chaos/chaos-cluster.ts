import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BadLine, openBadLine } from '../running/bad-line.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../running/held-ffmpeg.ts';
import { type MailServer, startMailServer } from '../running/mail-server.ts';
import { type RunningCluster, startRunningCluster, twoOfEverything } from '../running/running-cluster.ts';
import type { ServiceName } from '../running/service-process.ts';
import { type PrivateServers, startPrivateServers } from '../servers/cluster-servers.ts';
import { type SupervisedService, superviseService } from './supervised-service.ts';

/** The lines from one service to its servers. */
export interface ServiceLines {
  readonly mysql: BadLine;
  readonly mongo: BadLine;
  readonly rabbit: BadLine;
  readonly auth: BadLine;
}

export interface ChaosService extends SupervisedService {
  readonly lines: ServiceLines;
}

/** A cluster that can be disturbed in every way: private servers, a line from each service to each server, and a mail server. */
export interface ChaosCluster extends AsyncDisposable {
  readonly servers: PrivateServers;
  readonly mailServer: MailServer;
  readonly ffmpeg: HeldFfmpeg;
  readonly services: readonly ChaosService[];
  named(name: ServiceName): readonly ChaosService[];
  /** Without lines. */
  readonly running: RunningCluster;
}

/** `violate` is called when a service ends by itself. */
export async function startChaosCluster(violate: (what: string) => void): Promise<ChaosCluster> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-chaos-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const ffmpeg = await makeHeldFfmpeg(folder);
  const mailServer = opened.use(await startMailServer());
  const servers = opened.use(await startPrivateServers({ management: true }));
  const lines: ServiceLines[] = [];
  let running: RunningCluster | undefined;
  const authUrl = (): string => running?.named('auth')[0]?.url ?? 'http://127.0.0.1:9';
  const open = async (target: () => string): Promise<BadLine> => opened.use(await openBadLine({ target }));
  for (const _name of twoOfEverything) {
    const { MYSQL_URL, MONGODB_URL, RABBITMQ_URL } = servers.environment;
    lines.push({
      mysql: await open(() => MYSQL_URL),
      mongo: await open(() => MONGODB_URL),
      rabbit: await open(() => RABBITMQ_URL),
      auth: await open(authUrl),
    });
  }

  running = opened.use(
    await startRunningCluster({
      servers: servers.environment,
      settings: {
        ...ffmpeg.environment,
        SMTP_URL: mailServer.url,
        MAIL_FROM: 'no-reply@sound.example.org',
        PUBLIC_URL: 'https://sound.example.org',
      },
      settingsOf: (_name, number) => settingsOver(lines[number], servers),
    }),
  );
  const counts = new Map<ServiceName, number>();
  const services = running.services.map((service, number): ChaosService => {
    const count = (counts.get(service.name) ?? 0) + 1;
    counts.set(service.name, count);
    const own = lines[number];
    if (own === undefined) throw new Error('a service has no lines');
    return { ...superviseService(service, `${service.name} ${count}`, violate), lines: own };
  });
  opened.defer(async () => void (await Promise.all(services.map((service) => service.settle()))));
  const kept = opened.move();
  return {
    servers,
    mailServer,
    ffmpeg,
    services,
    named: (name) => services.filter((service) => service.name === name),
    running,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The settings of a service that reaches its servers over these lines. */
function settingsOver(
  lines: ServiceLines | undefined,
  { environment }: PrivateServers,
): Readonly<Record<string, string>> {
  if (lines === undefined) throw new Error('a service has no lines');
  const over = (url: string, line: BadLine): string => url.replace(/127\.0\.0\.1:\d+/, new URL(line.url).host);
  return {
    MYSQL_URL: over(environment.MYSQL_URL, lines.mysql),
    MONGODB_URL: over(environment.MONGODB_URL, lines.mongo),
    RABBITMQ_URL: over(environment.RABBITMQ_URL, lines.rabbit),
    AUTH_URL: lines.auth.url,
  };
}
