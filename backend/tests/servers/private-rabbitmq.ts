import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { glob, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from '../../../build/set-up/programs.mjs';
import { processesWorkingIn } from '../running/processes.ts';
import { waitUntil } from '../running/wait-until.ts';

/** A RabbitMQ for tests. Each test uses queues of its own on it. */
export interface TestRabbit extends AsyncDisposable {
  readonly url: string;
}

/** A RabbitMQ that only its test uses. It ends with this process, even if that is killed with SIGKILL. */
export interface PrivateRabbit extends TestRabbit {
  /** Asks the management API, and returns what it answers. It must have been asked for. `path` begins after `/api/`. */
  manage(path: string, request?: { readonly method: string; readonly body?: object }): Promise<unknown>;
  /** The URL of a new, empty vhost. The management API must have been asked for. */
  newVhost(): Promise<string>;
  /** Starts it again after `stop` or `kill`, with the same data and ports. */
  start(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /**
   * Kills it with SIGKILL. What it has confirmed stays, except that a quorum queue which was declared less than two seconds before is
   * broken afterwards.
   */
  kill(): Promise<void>;
  /** Stops all its threads until `thaw`. Its connections stay open, and nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Runs rabbitmqctl, which takes about a second. Returns what it prints. */
  control(...args: readonly string[]): Promise<string>;
}

export interface PrivateRabbitOptions {
  readonly management?: boolean;
  /** Further lines of rabbitmq.conf. */
  readonly settings?: readonly string[];
}

/** The server that RABBITMQ_URL names, or else a private one. */
export async function startRabbitForTests(): Promise<TestRabbit> {
  const url = process.env['RABBITMQ_URL'];
  return url ? { url, [Symbol.asyncDispose]: async () => undefined } : await startPrivateRabbit();
}

/** Starts a private server on 127.0.0.1, in a folder of its own. Takes 3 to 8 seconds. */
export async function startPrivateRabbit(options: PrivateRabbitOptions = {}): Promise<PrivateRabbit> {
  const { management = false, settings = [] } = options;
  const programs = await programFolder();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-rabbitmq-'));
  const [port, managementPort, distributionPort, namesPort] = await freePorts(4);
  const configuration = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'log.file = false',
    'log.console = true',
    'log.console.level = warning',
    'disk_free_limit.absolute = 50MB',
    'vm_memory_high_watermark.absolute = 512MB',
    ...(management ? ['management.tcp.ip = 127.0.0.1', `management.tcp.port = ${managementPort}`] : []),
    // How old figures of the management API may be, in milliseconds.
    'collect_statistics_interval = 500',
    ...settings,
  ];
  await writeFile(join(folder, 'rabbitmq.conf'), `${configuration.join('\n')}\n`);
  await writeFile(join(folder, 'enabled_plugins'), management ? '[rabbitmq_management].\n' : '[].\n');
  for (const name of ['home', 'data', 'log']) await mkdir(join(folder, name));
  const environment = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    // Erlang keeps the cookie for rabbitmqctl there.
    HOME: join(folder, 'home'),
    RABBITMQ_NODENAME: `soundlift${port}@localhost`,
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    // None of the machine's own settings.
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_CONFIG_FILES: join(folder, 'none'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_DIST_PORT: String(distributionPort),
    ERL_EPMD_PORT: String(namesPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: [
      '-kernel inet_dist_use_interface {127,0,0,1}',
      // By default Erlang's threads spin before they sleep, at the cost of the tests.
      '+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none',
      // How often a channel checks `consumer_timeout`, in milliseconds. By default once a minute.
      '-rabbit channel_tick_interval 500',
    ].join(' '),
  };
  // The server has two processes that outlive each other. They form a group, which ends when our end of standard input is closed, as
  // it is also when we are killed.
  const script = `epmd -port ${namesPort} -address 127.0.0.1 & ( "${join(programs, 'rabbitmq-server')}"; kill -9 0 ) & cat >/dev/null; kill -9 0`;
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const child = spawn('/bin/sh', ['-c', script], { cwd: folder, env: environment, detached: true, stdio: 'pipe' });
    server = child;
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed = (printed + text).slice(-4000);
      });
    }
    await waitUntil('RabbitMQ listens', async () => {
      if (hasEnded(child)) throw new Error(`RabbitMQ ended before it listened:\n${printed}`);
      return (await listens(port)) && (!management || (await listens(managementPort)));
    });
  }

  async function end(signal: () => Promise<void> | void): Promise<void> {
    if (server === undefined || hasEnded(server)) return;
    const ended = once(server, 'exit');
    await signal();
    await ended;
    await waitUntil('RabbitMQ has ended', async () => !(await listens(port)));
  }

  async function signalServer(signal: NodeJS.Signals): Promise<void> {
    const own = await processesWorkingIn(folder);
    for (const { pid, name } of own) if (name.startsWith('beam')) process.kill(pid, signal);
  }

  async function manage(
    path: string,
    { method = 'GET', body }: { method?: string; body?: object } = {},
  ): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${managementPort}/api/${path}`, {
      method,
      headers: { authorization: `Basic ${btoa('guest:guest')}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`RabbitMQ answered ${response.status} to ${method} ${path}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  const kill = (): Promise<void> => end(() => void process.kill(-(server?.pid ?? 0), 'SIGKILL'));
  async function dispose(): Promise<void> {
    await kill();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    url: `amqp://127.0.0.1:${port}`,
    manage,
    async newVhost() {
      const name = randomUUID();
      await manage(`vhosts/${name}`, { method: 'PUT' });
      return `amqp://127.0.0.1:${port}/${name}`;
    },
    start,
    stop: () => end(() => signalServer('SIGTERM')),
    kill,
    freeze: () => signalServer('SIGSTOP'),
    thaw: () => signalServer('SIGCONT'),
    async control(...args) {
      const all = ['--node', environment.RABBITMQ_NODENAME, '--quiet', ...args];
      const { stdout } = await promisify(execFile)(join(programs, 'rabbitmqctl'), all, {
        cwd: folder,
        env: environment,
      });
      return stdout;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** The programs themselves. What Debian puts on the PATH runs them as another user, in another folder. */
async function programFolder(): Promise<string> {
  for await (const folder of glob('/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin')) return folder;
  const program = findOnPath('rabbitmq-server');
  if (program === undefined) throw new Error('The tests need rabbitmq-server, which this machine lacks.');
  return dirname(program);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** TCP ports of 127.0.0.1 that nothing uses now. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}

async function listens(port: number | undefined): Promise<boolean> {
  const socket = connect(port ?? 0, '127.0.0.1');
  const isOpen = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return isOpen;
}
