import { randomUUID } from 'node:crypto';
import { type ApiClient, makeAccount } from '../../../backend/tests/running/api-client.ts';
import { processTree } from '../../../backend/tests/running/processes.ts';
import { type RunningCluster, startRunningCluster } from '../../../backend/tests/running/running-cluster.ts';
import type { ServiceName } from '../../../backend/tests/running/service-process.ts';
import { startClusterServers } from '../../../backend/tests/servers/cluster-servers.ts';
import { cpuSecondsOf } from '../measure.ts';

/** A cluster, with what its processes have used. */
export interface MeasuredCluster extends AsyncDisposable {
  /** Of the first gateway, without a trailing slash. */
  readonly url: string;
  readonly running: RunningCluster;
  makeAccount(): Promise<ApiClient>;
  /** CPU seconds so far of the services that run, and of the programs that they started. */
  cpuSeconds(): Promise<number>;
  /** CPU seconds so far of MySQL, MongoDB and RabbitMQ, if they are private, and of other programs of this benchmark. */
  serversCpuSeconds(): Promise<number>;
}

type Environment = Readonly<Record<string, string>>;

/** The servers are those of the environment, or private ones. */
export async function startMeasuredCluster(
  services: readonly ServiceName[],
  settingsOf: (name: ServiceName) => Environment = () => ({}),
): Promise<MeasuredCluster> {
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await startClusterServers());
  const running = opened.use(await startRunningCluster({ servers: servers.environment, services, settingsOf }));
  const url = running.named('gateway')[0]?.url ?? '';
  const pids = (): readonly number[] => running.services.map((service) => service.process().pid);
  const kept = opened.move();
  return {
    url,
    running,
    makeAccount: () => makeAccount({ url: () => url, email: `${randomUUID()}@example.com` }),
    cpuSeconds: () => cpuSecondsOfAll(pids()),
    async serversCpuSeconds() {
      const ours = await Promise.all(pids().map(processTree));
      const others = new Set([process.pid, ...ours.flat()]);
      return await cpuSecondsOfAll((await processTree(process.pid)).filter((pid) => !others.has(pid)));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function cpuSecondsOfAll(pids: readonly number[]): Promise<number> {
  // One that has ended meanwhile is counted by its parent.
  const each = await Promise.all(pids.map((pid) => cpuSecondsOf(pid).catch(() => 0)));
  return each.reduce((sum, seconds) => sum + seconds, 0);
}
