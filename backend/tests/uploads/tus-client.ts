import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a client program is told: in this order, on its command line. */
export interface TusJob {
  /** Where uploads begin. */
  readonly endpoint: string;
  readonly token: string;
  /** Absolute path. */
  readonly file: string;
  /** Absolute path of the file in which it keeps the upload's address, for the next process. */
  readonly state: string;
}

/**
 * A client of the protocol as a program: begins an upload, or goes on with the one in its state, and ends with 0 once all is there. It
 * does not try again by itself.
 */
export type TusClient = (job: TusJob) => RunningClient;

export interface RunningClient {
  /** With which code it has ended; null after a kill. */
  readonly ended: Promise<number | null>;
  /** What it has complained of. */
  complaints(): string;
  /** `kill -9` */
  kill(): void;
}

/** `program` with what comes before the job on its command line. */
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
