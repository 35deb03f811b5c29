import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createServerHttp } from '../../../desktop/client/server-http.ts';
import {
  keepInMemory,
  openServerSession,
  type ServerSession,
  type SessionKeeper,
  signIn,
} from '../../../desktop/client/server-session.ts';
import { type ApiClient, makeAccount } from './api-client.ts';
import { type BadLine, type BadLineOptions, openBadLine } from './bad-line.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** A running server, whatever its parts are, an account on it, and a connection to it that can be cut. */
export interface RemoteStand extends AsyncDisposable {
  readonly line: BadLine;
  /** The account, connected directly and not over the line. */
  readonly account: ApiClient;
  /** Kills all its processes with SIGKILL. */
  kill(): Promise<void>;
  /** Starts the server again after a kill, with the same data. */
  startAgain(): Promise<void>;
  /** The ids of all sessions of all accounts, in order. */
  sessions(): Promise<readonly string[]>;
}

/** A server in a single process. It has another port after each start. */
export interface ServerStand extends RemoteStand {
  readonly dataFolder: string;
  server(): ServerProcess;
  /** A session of the account, signed in over the line. */
  signedIn(keeper?: SessionKeeper): Promise<ServerSession>;
}

export interface ServerStandOptions {
  /** The environment of the server. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The faults of the line. */
  readonly line?: Omit<BadLineOptions, 'target'>;
}

export async function openServerStand(options: ServerStandOptions = {}): Promise<ServerStand> {
  const { environment = {}, line: badness = {} } = options;
  await using opened = new AsyncDisposableStack();
  const dataFolder = await mkdtemp(join(tmpdir(), 'soundlift-stand-'));
  opened.defer(() => rm(dataFolder, { recursive: true, force: true }));
  let server = await startServerProcess({ dataFolder, environment });
  opened.defer(() => server.kill());
  const url = (): string => server.url;
  const line = opened.use(await openBadLine({ ...badness, target: url }));
  const account = await makeAccount({ url });
  const kept = opened.move();
  return {
    line,
    account,
    dataFolder,
    server: () => server,
    kill: () => server.kill(),
    async sessions() {
      using database = new DatabaseSync(join(dataFolder, 'accounts.db'), { readOnly: true });
      return database
        .prepare('SELECT id FROM sessions ORDER BY id')
        .all()
        .map(({ id }) => String(id));
    },
    async startAgain() {
      server = await startServerProcess({ dataFolder, environment });
    },
    async signedIn(keeper = keepInMemory()) {
      const http = createServerHttp(line.url);
      await signIn(http, account, keeper);
      return openServerSession(http, keeper);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
