import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { pino } from 'pino';
import { parseConfig } from '../../config.ts';
import { createOwnerSide } from '../../conversions/conversions.ts';
import { openClusterParts } from '../../main/cluster-parts.ts';
import { makeHeldFfmpeg } from '../running/held-ffmpeg.ts';
import type { OwnProcess } from '../running/own-process.ts';
import { type ServiceName, startServiceProcess } from '../running/service-process.ts';
import { startClusterServers } from '../servers/cluster-servers.ts';
import { freePort } from '../servers/server-program.ts';
import type { FlowBackend } from './flow-backend.ts';

/** The services of a cluster besides auth, which the others need first. */
const services: readonly ServiceName[] = ['gateway', 'gateway', 'converter', 'converter', 'notifier'];

/** A cluster: auth, two gateways, two converters and a notifier, each a process of its own, over real servers. */
export async function startClusterBackend(): Promise<FlowBackend> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-flow-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const ffmpeg = await makeHeldFfmpeg(folder);
  const servers = opened.use(await startClusterServers());
  const mongo = opened.use(new MongoClient(servers.environment.MONGODB_URL));
  const authPort = String(await freePort());
  const environment = {
    ...servers.environment,
    ...ffmpeg.environment,
    JWT_SECRET: 'a secret of this test that is long enough',
    AUTH_URL: `http://127.0.0.1:${authPort}`,
    CONVERTER_CONCURRENCY: '1',
  };

  async function start(): Promise<readonly OwnProcess[]> {
    const startOne = async (name: ServiceName, number: number): Promise<OwnProcess> => {
      const workFolder = join(folder, `${name}-${number}`);
      await mkdir(workFolder, { recursive: true });
      return await startServiceProcess(
        name,
        workFolder,
        name === 'auth' ? { ...environment, PORT: authPort } : environment,
      );
    };
    return await Promise.all([startOne('auth', 0), ...services.map(startOne)]);
  }
  let running = await start();
  const all = async <Result>(work: (one: OwnProcess) => Promise<Result>): Promise<readonly Result[]> =>
    await Promise.all(running.map(work));
  opened.defer(async () => void (await all((one) => one.kill())));

  async function blobsOf(database: string): Promise<readonly string[]> {
    const blobs = await mongo.db(database).collection<{ readonly _id: string }>('fs.blobs').find().toArray();
    return blobs.map(({ _id }) => _id);
  }

  async function workInProgress(): Promise<readonly string[]> {
    const names = await readdir(folder, { recursive: true });
    // Each service has a folder, and the converters have a locked one in theirs.
    return names.filter((name) => name.split('/').length > 2 && !name.endsWith('/lock'));
  }

  let asked = 0;
  const kept = opened.move();
  return {
    url() {
      // The gateways in turn, as a load balancer does.
      const gateways = running.filter(({ said }) => said !== '' && !said.endsWith(`:${authPort}`));
      asked += 1;
      return gateways[asked % gateways.length]?.said ?? '';
    },
    ffmpeg,
    async stored() {
      const [videos, mp3s, work] = await Promise.all([blobsOf('videos'), blobsOf('mp3s'), workInProgress()]);
      return { videos, mp3s, work };
    },
    async sweep() {
      const { signal } = new AbortController();
      await using parts = await openClusterParts(parseConfig(environment), pino({ level: 'silent' }), { signal });
      const retention = { sourceSeconds: 86_400, resultSeconds: 30 * 86_400 };
      const side = createOwnerSide({ ...parts, store: parts.conversions, retention });
      await side.sweeper.tidy();
      side.close();
    },
    converting: async () => (await all((one) => one.workers())).flat(),
    async crash() {
      await all((one) => one.kill());
      running = await start();
    },
    freeze: async () => void (await all((one) => one.signal('SIGSTOP'))),
    thaw: async () => void (await all((one) => one.signal('SIGCONT'))),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
