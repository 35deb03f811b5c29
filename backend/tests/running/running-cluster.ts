import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterEnvironment } from '../servers/cluster-servers.ts';
import { freePort } from '../servers/server-program.ts';
import type { OwnProcess } from './own-process.ts';
import { type ServiceName, startServiceProcess } from './service-process.ts';

type Environment = Readonly<Record<string, string>>;

/** One service of a running cluster. It can be ended in any way and started again with the same settings, port and folder. */
export interface RunningService {
  readonly name: ServiceName;
  /** Where a gateway or auth listens, without a trailing slash. Stays the same after a restart. */
  readonly url: string;
  /** The process that was started last, which may have ended. */
  process(): OwnProcess;
  /** Starts it, after it has ended, with these settings besides. Resolves once it is ready. */
  start(settings?: Environment): Promise<void>;
}

/** The services of a cluster, each a process of its own, over servers that are already running. */
export interface RunningCluster extends AsyncDisposable {
  /** In the order in which they were given. */
  readonly services: readonly RunningService[];
  named(name: ServiceName): readonly RunningService[];
  /** Where the next gateway listens, each in its turn, as behind a load balancer. */
  nextGatewayUrl(): string;
  /** Has a folder for each service, in which the temporary files of that service are. */
  readonly folder: string;
  /** The temporary files of running work, in that folder. */
  temporaryFiles(): Promise<readonly string[]>;
  /** The settings of every service. */
  readonly environment: Environment;
}

/** Two gateways, two converters, auth and a notifier. */
export const twoOfEverything: readonly ServiceName[] = [
  'auth',
  'gateway',
  'gateway',
  'converter',
  'converter',
  'notifier',
];

export interface RunningClusterOptions {
  readonly servers: ClusterEnvironment;
  readonly services?: readonly ServiceName[];
  /** Added to the settings of every service, or replaces parts of them. */
  readonly settings?: Environment;
  /** The same for the service with this number in `services`. */
  readonly settingsOf?: (name: ServiceName, number: number) => Environment;
}

/** Starts all services at once, and resolves when all are ready. Disposing of it kills them and removes their folders. */
export async function startRunningCluster(options: RunningClusterOptions): Promise<RunningCluster> {
  const { servers, services: names = twoOfEverything, settings = {}, settingsOf = () => ({}) } = options;
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-cluster-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const authPort = String(await freePort());
  const environment: Environment = {
    ...servers,
    JWT_SECRET: 'a secret of this test that is long enough',
    AUTH_URL: `http://127.0.0.1:${authPort}`,
    CONVERTER_CONCURRENCY: '1',
    ...settings,
  };

  async function startOne(name: ServiceName, number: number): Promise<RunningService> {
    const workFolder = join(folder, `${name}-${number}`);
    await mkdir(workFolder);
    const port = name === 'auth' ? authPort : String(await freePort());
    const own = { ...environment, PORT: port, ...settingsOf(name, number) };
    let running = await startServiceProcess(name, workFolder, own);
    opened.defer(() => running.kill());
    return {
      name,
      url: running.said,
      process: () => running,
      async start(more = {}) {
        running = await startServiceProcess(name, workFolder, { ...own, ...more });
      },
    };
  }

  const starting = await Promise.allSettled(names.map(startOne));
  const services = starting.map((started) => {
    if (started.status === 'rejected') throw started.reason;
    return started.value;
  });
  const named = (name: ServiceName): readonly RunningService[] => services.filter((service) => service.name === name);
  let asked = 0;
  const kept = opened.move();
  return {
    services,
    named,
    nextGatewayUrl() {
      const gateways = named('gateway');
      asked += 1;
      return gateways[asked % gateways.length]?.url ?? '';
    },
    folder,
    async temporaryFiles() {
      const found = await readdir(folder, { recursive: true });
      // Each service has a folder, and the converters have a locked one in theirs.
      return found.filter((name) => name.split('/').length > 2 && !name.endsWith('/lock'));
    },
    environment,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
