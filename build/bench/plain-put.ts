import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The server that uploads are compared with, in its own process. */
export interface PlainPutServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** @param target the file that each PUT replaces */
export async function startPlainPutServer(target: string): Promise<PlainPutServer> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'plain-put-server.ts'), target], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = await once(createInterface(child.stdout), 'line');
  return {
    url: String(url),
    pid: pidOf(child),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'close');
    },
  };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the server that uploads are compared with did not start');
  return pid;
}
