// npm run cluster: the services of a cluster as processes of this computer, to try it out: auth, two gateways, two converters and the
// notifier. Uses the servers that MYSQL_URL, MONGODB_URL and RABBITMQ_URL name; a private one for each that is not named, which forgets
// everything at the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceName, serviceEntry } from '../../backend/tests/running/service-process.ts';
import { startClusterServers } from '../../backend/tests/servers/cluster-servers.ts';
import { freePort } from '../../backend/tests/servers/server-program.ts';
import { say } from '../set-up/say.mjs';

type Environment = Readonly<Record<string, string | undefined>>;

/** A service that ended without being asked is started again after this. */
const restartMilliseconds = 1000;
const stopping = new AbortController();
const running = new Set<ChildProcess>();

/** Runs a service until the end, and starts it again whenever it ends. Resolves with its first line once it is ready. */
function keepRunning(name: ServiceName, environment: Environment): Promise<string> {
  const ready = Promise.withResolvers<string>();
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const child = spawn(process.execPath, [serviceEntry, name], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ...environment },
      });
      running.add(child);
      createInterface(child.stdout).on('line', (line) => ready.resolve(line));
      await once(child, 'exit');
      const { exitCode: code, signalCode: signal } = child;
      running.delete(child);
      // A wrong setting stays wrong.
      if (code === 2) ready.reject(new Error(`${name} could not start`));
      if (code === 2 || stopping.signal.aborted) return;
      say(`${name} ended (${signal ?? code}); starting it again.`);
      await delay(restartMilliseconds);
    }
  }
  run().catch(ready.reject);
  return ready.promise;
}

const addressOf = (line: string): string => line.replace(/^listening on /, '');

async function runCluster(): Promise<void> {
  await using servers = await startClusterServers();
  const shared: Environment = {
    ...servers.environment,
    JWT_SECRET: process.env['JWT_SECRET'] || randomBytes(32).toString('hex'),
    // Several processes cannot share its port.
    METRICS_PORT: '',
  };
  const authPort = String(await freePort());
  await keepRunning('auth', { ...shared, HOST: '127.0.0.1', PORT: authPort });
  const all = { ...shared, AUTH_URL: process.env['AUTH_URL'] || `http://127.0.0.1:${authPort}` };
  const first = addressOf(await keepRunning('gateway', all));
  const others = await Promise.all([
    keepRunning('gateway', { ...all, PORT: String(await freePort()) }),
    keepRunning('converter', all),
    keepRunning('converter', all),
    keepRunning('notifier', { ...all, PUBLIC_URL: process.env['PUBLIC_URL'] || first }),
  ]);
  const privateServers = Object.entries(servers.environment).filter(([name]) => !process.env[name]);
  // `soundlift user` and `soundlift dead` need them. Their passwords end with them, and nobody reaches them from elsewhere.
  const settings = privateServers.map(([name, url]) => `${name}=${url}\n`).join('');
  process.stdout.write(`listening on ${first}\nalso on ${addressOf(others[0])}\n${settings}`);
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
  await end();
}

/** Ends all services in order. */
async function end(): Promise<void> {
  const ended = [...running].map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(ended);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
try {
  await runCluster();
} catch (error) {
  stopping.abort();
  await end();
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
