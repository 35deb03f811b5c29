import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { waitUntil } from '../running/wait-until.ts';
import { boundToUs } from './bound-to-us.ts';

/** How to start a server of others, and how it shows that it is ready. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** What it prints, to standard output or standard error, once it listens. */
  readonly ready: RegExp;
}

/** A server of others that belongs to this process, and ends with it even if this process is killed with SIGKILL. */
export interface ServerProgram {
  /** Sends SIGTERM, also to a frozen one, and waits for its end. */
  stop(): Promise<void>;
  /** Sends SIGKILL and waits for its end. */
  kill(): Promise<void>;
  /** Stops all its threads until `thaw`, and resolves once they have stopped. Its connections stay open. */
  freeze(): Promise<void>;
  thaw(): void;
}

/** Resolves once it is ready. Rejects with the last of what it printed if it ends before. */
export async function startServerProgram({ program, args, ready }: ServerCommand): Promise<ServerProgram> {
  const [first, ...others] = boundToUs(program, ...args);
  const child = spawn(first, others, { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await isReady(child, ready);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    child.kill('SIGCONT');
    await closed;
  };
  return {
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async freeze() {
      child.kill('SIGSTOP');
      // On a busy machine, a thread may go on for a moment.
      await waitUntil('all threads have stopped', () => hasStopped(child.pid));
    },
    thaw: () => void child.kill('SIGCONT'),
  };
}

/** By proc(5), where there is one. The state is the first letter after the name, which is in parentheses and may contain anything. */
async function hasStopped(pid: number | undefined): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const folder = `/proc/${pid}/task`;
  const threads = await readdir(folder);
  const stats = await Promise.all(threads.map((thread) => readFile(`${folder}/${thread}/stat`, 'utf8')));
  return stats.every((stat) => /.*\) T /s.test(stat));
}

async function isReady(child: ChildProcess, ready: RegExp): Promise<void> {
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        printed = (printed + text).slice(-4000);
        if (ready.test(printed)) resolve();
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      reject(new Error(`${child.spawnargs.join(' ')} ended with ${signal ?? code} before it was ready:\n${printed}`));
    });
  });
}

/**
 * A TCP port of 127.0.0.1 that nothing uses now, for a server that must find it free again after a restart. So it lies below those that
 * systems give to outgoing connections, from 32768 on Linux (ip(7), ip_local_port_range) and from 49152 elsewhere.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_768);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
