import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { processesWorkingIn, type RunningProcess } from './processes.ts';
import { waitUntil } from './wait-until.ts';

/** A server of ours, in a process group of its own. */
export interface ServerProcess extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly pid: number;
  /** What runs for it now: ffmpeg, ffprobe, and what contains them. */
  workers(): Promise<readonly RunningProcess[]>;
  /** `kill -9` of its process group. Resolves once all that it had started has gone with it, by itself. */
  kill(): Promise<void>;
  /** SIGTERM, as an orderly system does it. Throws when that is not its end, with 0. */
  stop(): Promise<void>;
  /** Sends a signal to it, and to all that runs for it. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): Promise<void>;
}

export interface ServerOptions {
  readonly dataFolder: string;
  /** More than what every server here gets, or instead of it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For Node itself, e.g. a module to load first. */
  readonly nodeFlags?: readonly string[];
}

/** A server that was spawned, whether or not it comes to listen. */
export interface StartingServer {
  readonly pid: number;
  /** Rejects when it ends before it listens. */
  readonly listening: Promise<ServerProcess>;
  /** The signal or the exit code with which it has ended, or undefined while it runs. */
  ended(): string | undefined;
  /** As a server that listens is killed. */
  kill(): Promise<void>;
}

/** What `soundlift` runs. */
export const commandLineEntry = join(import.meta.dirname, '..', '..', '..', 'desktop', 'cli', 'soundlift.ts');

/** Starts `soundlift serve` on a free port, over a data folder that may have seen servers before. */
export async function startServerProcess(options: ServerOptions): Promise<ServerProcess> {
  return await spawnServer(options).listening;
}

export function spawnServer({ dataFolder, environment = {}, nodeFlags = [] }: ServerOptions): StartingServer {
  const child = spawn(
    process.execPath,
    [...nodeFlags, commandLineEntry, 'serve', '--port', '0', '--data', dataFolder],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LOG_LEVEL: 'warn', CONVERTER_CONCURRENCY: '2', ...environment },
    },
  );
  const pid = pidOf(child);
  const heard = keepTail(child);
  const closed = once(child, 'close');
  const workers = (): Promise<readonly RunningProcess[]> => processesWorkingIn(dataFolder);
  async function kill(): Promise<void> {
    send(-pid, 'SIGKILL');
    await closed;
    await waitUntil('what a killed server had started is gone', async () => (await workers()).length === 0, {
      seconds: 10,
    });
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

/** Resolves with the address once it is said; all else on standard output is read past. */
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

/** To one process, or to the group whose number is negated. */
function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    // Nobody is there any more.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function endOf(child: ChildProcess): string | undefined {
  return child.signalCode ?? child.exitCode?.toString() ?? undefined;
}

/** The end of what it says on standard error. */
function keepTail(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-4000);
  });
  return () => text;
}
