import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** The arguments of a client program, in this order. */
export interface TusJob {
  /** The URL where uploads are created. */
  readonly endpoint: string;
  readonly token: string;
  /** Absolute path. */
  readonly file: string;
  /** Absolute path of the file where it keeps the address of the upload for the next process. */
  readonly state: string;
}

/**
 * A client of the protocol, as a program. It starts an upload, or resumes the one in its state, and exits with 0 once
 * the upload is complete. It does not retry by itself.
 */
export type TusClient = (job: TusJob) => RunningClient;

export interface RunningClient {
  /** The exit code; null after a kill. */
  readonly ended: Promise<number | null>;
  /** What it wrote to standard error. */
  complaints(): string;
  /** `kill -9` */
  kill(): void;
}

/** A client that runs `program`, with the arguments `before` in front of the job's. */
export function tusClientOf(program: string, before: readonly string[]): TusClient {
  return ({ endpoint, token, file, state }) => {
    const child = spawn(program, [...before, endpoint, token, file, state], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    return { ended: codeOf(child), complaints: () => complaints, kill: () => void child.kill('SIGKILL') };
  };
}

async function codeOf(child: ChildProcess): Promise<number | null> {
  await once(child, 'close');
  return child.exitCode;
}
