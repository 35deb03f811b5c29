import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAccount } from '../running/api-client.ts';
import { peakMemoryBytes } from '../running/processes.ts';
import { sendResumable } from '../running/resumable-upload.ts';
import { startRunningCluster } from '../running/running-cluster.ts';
import { type ServiceName, serviceNames } from '../running/service-process.ts';
import { startClusterServers } from '../servers/cluster-servers.ts';
import { passLargeVideo } from './pass-large-video.ts';

const uploadsAtOnce = 64;
const bytesOfEach = 4_000_000;

/** The most memory in bytes that each service has used so far. */
export type Peaks = Readonly<Record<ServiceName, number>>;

export interface MemoryStep {
  /** What has been done. */
  readonly after: string;
  readonly peaks: Peaks;
}

/**
 * Passes a video of this size through a cluster of four processes, and calls `onStep` after each step. Then sends 64 small ones at once, and
 * returns that as a step.
 */
export async function measureClusterMemory(bytes: number, onStep: (step: MemoryStep) => void): Promise<MemoryStep> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-memory-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const servers = opened.use(await startClusterServers());
  const cluster = opened.use(await startRunningCluster({ servers: servers.environment, services: serviceNames }));
  // A first start compiles the code. This takes 20 to 30 MB more, which later starts read from Node's compile cache.
  await Promise.all(cluster.services.map((service) => service.process().stop()));
  await Promise.all(cluster.services.map((service) => service.start()));
  const url = cluster.named('gateway')[0]?.url ?? '';
  const look = async (after: string): Promise<MemoryStep> => {
    const peaks = cluster.services.map(async (service) => [service.name, await peakMemoryBytes(service.process().pid)]);
    return { after, peaks: Object.fromEntries(await Promise.all(peaks)) as Peaks };
  };
  await passLargeVideo({ url, folder, bytes, onStep: async (after) => onStep(await look(after)) });
  const client = await makeAccount({ url: () => url, email: `${randomUUID()}@example.com` });
  const noise = join(folder, 'noise');
  await writeFile(noise, randomBytes(bytesOfEach));
  const sending = Array.from({ length: uploadsAtOnce }, () => sendResumable({ url, token: client.token }, noise));
  // A MongoDB that shares a busy machine may be too slow for some of them.
  const taken = (await Promise.allSettled(sending)).filter(({ status }) => status === 'fulfilled');
  const crowded = await look(`received ${taken.length} of ${uploadsAtOnce} uploads at once`);
  await Promise.all(cluster.services.map((service) => service.process().stop()));
  return crowded;
}
