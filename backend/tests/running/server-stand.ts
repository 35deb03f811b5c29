import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** A server in a process of its own, an account on it, and a line that leads there and can be cut. */
export interface ServerStand extends AsyncDisposable {
  readonly line: BadLine;
  /** Looks at the server past the line, as the account. */
  readonly account: ApiClient;
  readonly dataFolder: string;
  server(): ServerProcess;
  /** After a kill: the same data, another port. */
  startAgain(): Promise<void>;
  /** The account's, signed in over the line. */
  signedIn(keeper?: SessionKeeper): Promise<ServerSession>;
}

export interface ServerStandOptions {
  /** For the server. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What is bad about the line. */
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
