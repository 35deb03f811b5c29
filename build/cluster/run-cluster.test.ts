import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { freePort } from '../../backend/tests/servers/server-program.ts';

const program = join(import.meta.dirname, 'run-cluster.ts');

let cluster: ChildProcess | undefined;
afterEach(() => cluster?.kill('SIGKILL'));

/** Starts a cluster whose auth waits for a database that is not there. Resolves with the process of that auth. */
async function startWaitingCluster(): Promise<{ readonly cluster: ChildProcess; readonly authPid: number }> {
  const nobody = await freePort();
  cluster = spawn(process.execPath, [program], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      MYSQL_URL: `mysql://auth_user:${randomBytes(24).toString('hex')}@127.0.0.1:${nobody}/auth`,
      MONGODB_URL: `mongodb://127.0.0.1:${nobody}`,
      RABBITMQ_URL: `amqp://127.0.0.1:${nobody}`,
    },
  });
  let log = '';
  cluster.stderr?.on('data', (text: Buffer) => {
    log += text;
  });
  const authPid = await waitUntil('auth waits', () => {
    const [line] = log.split('\n').filter((each) => each.includes('waiting for MySQL'));
    return line === undefined ? undefined : (JSON.parse(line) as { readonly pid: number }).pid;
  });
  return { cluster, authPid };
}

/** By proc(5). A process that has ended, but that its parent has not asked about, is a zombie. */
async function runs(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX');
  return !/^State:\s[ZX]/m.test(status);
}

it('ends with everything that it has started when it is asked to before it is ready', async () => {
  const { cluster: started, authPid } = await startWaitingCluster();
  const exit = once(started, 'exit');
  started.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(await runs(authPid)).toBe(false);
});

// Only Linux has a way to end the services of a process that was killed.
it.runIf(process.platform === 'linux')('takes its services with it when it is killed', async () => {
  const { cluster: started, authPid } = await startWaitingCluster();
  expect(await runs(authPid)).toBe(true);
  started.kill('SIGKILL');
  await waitUntil('auth has ended', async () => !(await runs(authPid)));
});
