import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { processesWorkingIn, type RunningProcess } from './processes.ts';
import { waitUntil } from './wait-until.ts';

/** A program of ours that is ready, in its own process group. */
export interface OwnProcess extends AsyncDisposable {
  readonly pid: number;
  /** The part of the line with which it said that it is ready which `ready` captures, or an empty text. */
  readonly said: string;
  /** The signal or exit code with which it ended, or undefined while it runs. */
  ended(): string | undefined;
  /** The end of what it wrote to standard error. */
  complaints(): string;
  /** The processes that work for it now: ffmpeg, ffprobe and their launchers. */
  workers(): Promise<readonly RunningProcess[]>;
  /** Kills its process group with SIGKILL. Resolves when everything that it started has ended by itself. */
  kill(): Promise<void>;
  /** Sends SIGTERM, as service managers do. Throws if it does not exit with 0. */
  stop(): Promise<void>;
  /** Sends a signal to it and to all its workers. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): Promise<void>;
}

export interface OwnProcessCommand {
  /** The program and its arguments. */
  readonly words: readonly string[];
  /** Added to this process's environment, or replaces parts of it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The line on standard output that says that it is ready. */
  readonly ready: RegExp;
  /** Its workers are the processes that work in this folder or below. */
  readonly workFolder: string;
  /** Absolute path of a file to which all that it writes to standard error is added. */
  readonly logPath?: string;
}

/** A spawned program, which may or may not become ready. */
export interface StartingProcess {
  readonly pid: number;
  /** Rejects if it ends before it is ready. */
  readonly ready: Promise<OwnProcess>;
  ended(): string | undefined;
  /** Kills it like one that is ready. */
  kill(): Promise<void>;
}

export function spawnOwnProcess({
  words,
  environment,
  ready,
  workFolder,
  logPath,
}: OwnProcessCommand): StartingProcess {
  const [program = '', ...args] = words;
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const pid = pidOf(child);
  const heard = keepTail(child);
  if (logPath !== undefined) child.stderr.pipe(createWriteStream(logPath, { flags: 'a' }));
  const closed = once(child, 'close');
  const workers = (): Promise<readonly RunningProcess[]> => processesWorkingIn(workFolder);
  async function kill(): Promise<void> {
    send(-pid, 'SIGKILL');
    await closed;
    await waitUntil('the workers of a killed process have ended', async () => (await workers()).length === 0);
  }

  async function becomeReady(): Promise<OwnProcess> {
    const said = await Promise.race([saidReady(child, ready), closed.then(() => undefined)]);
    if (said === undefined) throw new Error(`the process ended before it was ready: ${endOf(child)}\n${heard()}`);
    return {
      pid,
      said,
      ended: () => endOf(child),
      complaints: heard,
      workers,
      kill,
      async stop() {
        process.kill(pid, 'SIGTERM');
        await closed;
        if (child.exitCode !== 0) throw new Error(`the process ended with ${endOf(child)}\n${heard()}`);
      },
      async signal(name) {
        send(-pid, name);
        for (const worker of await workers()) send(worker.pid, name);
      },
      [Symbol.asyncDispose]: kill,
    };
  }
  return { pid, ready: becomeReady(), ended: () => endOf(child), kill };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process could not be started');
  return pid;
}

/** Resolves with what the expression captures in the output, or an empty text. Other output is ignored. */
function saidReady(child: ChildProcess, ready: RegExp): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-1000);
    const match = ready.exec(text);
    if (match !== null) resolve(match[1] ?? '');
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
