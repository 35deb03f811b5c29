import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { processesWorkingIn, type RunningProcess } from './processes.ts';
import { waitUntil } from './wait-until.ts';

/** A server of ours, in its own process group. */
export interface ServerProcess extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
  readonly pid: number;
  /** The processes that work for it now: ffmpeg, ffprobe and their launchers. */
  workers(): Promise<readonly RunningProcess[]>;
  /** Kills its process group with SIGKILL. Resolves when everything that it started has ended by itself. */
  kill(): Promise<void>;
  /** Sends SIGTERM, as service managers do. Throws if it does not exit with 0. */
  stop(): Promise<void>;
  /** Sends a signal to it and to all its workers. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): Promise<void>;
}

export interface ServerOptions {
  readonly dataFolder: string;
  /** Added to the default environment, or replaces parts of it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** How many descriptors it may have open (`ulimit -n`). Left out, as many as this process. */
  readonly descriptors?: number;
  /** Flags for Node, e.g. a module to load first. */
  readonly nodeFlags?: readonly string[];
  /** The words before its command line, for example of a program that starts it in a namespace. */
  readonly launcher?: readonly string[];
}

/** A spawned server, which may or may not start to listen. */
export interface StartingServer {
  readonly pid: number;
  /** Rejects if it ends before it listens. */
  readonly listening: Promise<ServerProcess>;
  /** The signal or exit code with which it ended, or undefined while it runs. */
  ended(): string | undefined;
  /** Kills it like a listening server. */
  kill(): Promise<void>;
}

/** The entry point of `soundlift`. */
export const commandLineEntry = join(import.meta.dirname, '..', '..', '..', 'desktop', 'cli', 'soundlift.mjs');

/** Starts `soundlift serve` on a free port, with a data folder that may be new or used. */
export async function startServerProcess(options: ServerOptions): Promise<ServerProcess> {
  return await spawnServer(options).listening;
}

export function spawnServer(options: ServerOptions): StartingServer {
  const { dataFolder, environment = {}, nodeFlags = [], launcher = [], descriptors } = options;
  const node = [process.execPath, ...nodeFlags, commandLineEntry, 'serve', '--port', '0', '--data', dataFolder];
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors}; `;
  const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...launcher, ...node], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'warn', CONVERTER_CONCURRENCY: '2', ...environment },
  });
  const pid = pidOf(child);
  const heard = keepTail(child);
  const closed = once(child, 'close');
  const workers = (): Promise<readonly RunningProcess[]> => processesWorkingIn(dataFolder);
  async function kill(): Promise<void> {
    send(-pid, 'SIGKILL');
    await closed;
    await waitUntil('the workers of a killed server have ended', async () => (await workers()).length === 0);
  }

  async function listening(): Promise<ServerProcess> {
    const url = await Promise.race([saidUrl(child), closed.then(() => undefined)]);
    if (url === undefined) throw new Error(`the server ended before it listened: ${endOf(child)}\n${heard()}`);
    return {
      url,
      pid,
      workers,
      kill,
      async stop() {
        process.kill(pid, 'SIGTERM');
        await closed;
        if (child.exitCode !== 0) throw new Error(`the server ended with ${endOf(child)}\n${heard()}`);
      },
      async signal(name) {
        send(-pid, name);
        for (const worker of await workers()) send(worker.pid, name);
      },
      [Symbol.asyncDispose]: kill,
    };
  }
  return { pid, listening: listening(), ended: () => endOf(child), kill };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the server could not be started');
  return pid;
}

/** Resolves with the address that the server prints. Other output is ignored. */
function saidUrl(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-1000);
    const [, url] = /^listening on (http:\S+)\n/m.exec(text) ?? [];
    if (url !== undefined) resolve(url);
  });
  return promise;
}

/** Signals a process, or the group whose negated id is given. */
function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    // The process no longer exists.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function endOf(child: ChildProcess): string | undefined {
  return child.signalCode ?? child.exitCode?.toString() ?? undefined;
}

/** Keeps the end of its standard error. */
function keepTail(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-4000);
  });
  return () => text;
}
