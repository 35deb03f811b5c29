// npm run cluster: the services of a cluster as processes of this computer, to try it out: auth, two gateways, two converters and the
// notifier. Uses the servers that MYSQL_URL, MONGODB_URL and RABBITMQ_URL name; a private one for each that is not named, which forgets
// everything at the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceName, serviceEntry } from '../../backend/tests/running/service-process.ts';
import { boundToUs } from '../../backend/tests/servers/bound-to-us.ts';
import { type ClusterServers, startClusterServers } from '../../backend/tests/servers/cluster-servers.ts';
import { freePort } from '../../backend/tests/servers/server-program.ts';
import { say } from '../set-up/say.mjs';

type Environment = Readonly<Record<string, string | undefined>>;

/** A service that ended without being asked is started again after this. */
const restartMilliseconds = 1000;
/** With this exit code, a service says that a setting is wrong. It stays wrong. */
const wrongSetting = 2;
const stopping = new AbortController();
/** Why it stops if somebody asked for it, and nothing failed. */
const asked = Symbol('asked to stop');
const running = new Set<ChildProcess>();

/**
 * Runs a service until the end, and starts it again whenever it ends. Resolves with its first line once it is ready. Rejects if it ends by
 * itself before that, and once the cluster is asked to stop.
 */
function keepRunning(name: ServiceName, environment: Environment): Promise<string> {
  const ready = Promise.withResolvers<string>();
  stopping.signal.addEventListener('abort', () => ready.reject(stopping.signal.reason));
  let wasReady = false;
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const [program, ...words] = boundToUs(process.execPath, serviceEntry, name);
      const child = spawn(program, words, {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ...environment },
        // Ctrl-C in a terminal goes to the whole group, but only we may end the services.
        detached: process.platform !== 'win32',
      });
      running.add(child);
      createInterface(child.stdout).on('line', (line) => {
        wasReady = true;
        ready.resolve(line);
      });
      await once(child, 'exit');
      const { exitCode: code, signalCode: signal } = child;
      running.delete(child);
      // It has said why. Whatever it is, such as a port that another program has, stays so.
      if (!wasReady) ready.reject(new Error(`${name} could not start`));
      if (!wasReady || code === wrongSetting || stopping.signal.aborted) return;
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
  try {
    await runServices(servers);
  } finally {
    await end();
  }
}

/** Runs them until they are asked to stop. */
async function runServices(servers: ClusterServers): Promise<void> {
  stopping.signal.throwIfAborted();
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
}

/** Ends all services in order. */
async function end(): Promise<void> {
  stopping.abort();
  const ended = [...running].map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(ended);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort(asked));
try {
  await runCluster();
} catch (error) {
  if (stopping.signal.reason !== asked) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
