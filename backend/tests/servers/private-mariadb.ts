import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Connection, createConnection } from 'mysql2/promise';
import { findOnPath } from '../../../build/set-up/programs.mjs';
import { freePort, startServerProgram } from './server-program.ts';

const run = promisify(execFile);

/** A MariaDB that only its test uses, on a port of 127.0.0.1. */
export interface PrivateMariadb extends AsyncDisposable {
  readonly port: number;
  /** The URL of a database for the administrator, who may do anything. */
  urlOf(database: string): string;
  /** Connects as the administrator. Takes several statements at once. */
  connect(): Promise<Connection>;
  /** Starts it again after `stop` or `kill`, with the same data and port. */
  start(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Kills it with SIGKILL. What it has acknowledged stays. */
  kill(): Promise<void>;
  /** Stops all its threads until `thaw`. Its connections stay open, and nothing answers. */
  freeze(): Promise<void>;
  thaw(): void;
}

const administrator = { user: 'root', password: 'only for tests' } as const;

const storage: readonly string[] = [
  '--innodb-log-file-size=16M',
  // A commit survives the death of the server, though not that of the machine, and nothing waits for the disk.
  '--innodb-flush-log-at-trx-commit=2',
  '--innodb-flush-method=nosync',
];

/** Its folder takes 46 MB until it is disposed of. Making it takes 1.5 s, starting it again less than 1 s. */
export async function startPrivateMariadb(): Promise<PrivateMariadb> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-mariadb-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const data = join(folder, 'data');
  const account = userInfo().username;
  await run('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${data}`,
    `--user=${account}`,
    // Temporary tables are named by process ids, which another container on the same folder may have, too.
    `--tmpdir=${folder}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    ...storage,
  ]);
  const first = join(folder, 'first.sql');
  await writeFile(first, `ALTER USER '${administrator.user}'@'127.0.0.1' IDENTIFIED BY '${administrator.password}';`);
  const port = await freePort();
  const command = {
    program: findOnPath('mariadbd') ?? 'mariadbd',
    args: [
      '--no-defaults',
      // As root, it wants to be told that this is meant.
      `--user=${account}`,
      `--datadir=${data}`,
      `--tmpdir=${folder}`,
      `--init-file=${first}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
      '--skip-name-resolve',
      '--innodb-buffer-pool-size=32M',
      ...storage,
    ],
    ready: /ready for connections/,
  };
  let server = await startServerProgram(command);
  opened.defer(() => server.kill());

  const kept = opened.move();
  return {
    port,
    urlOf: (database) =>
      `mysql://${administrator.user}:${encodeURIComponent(administrator.password)}@127.0.0.1:${port}/${database}`,
    connect: () => createConnection({ host: '127.0.0.1', port, multipleStatements: true, ...administrator }),
    async start() {
      server = await startServerProgram(command);
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
