import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath } from '../../../build/set-up/programs.mjs';
import { installPythonPackage } from '../running/python-package.ts';
import { freePort, type ServerCommand, type ServerProgram, startServerProgram } from './server-program.ts';

/** A MongoDB for tests. Each test uses databases of its own on it. */
export interface TestMongo extends AsyncDisposable {
  /** Without a database. */
  readonly url: string;
}

/** A MongoDB that only its test uses, on a port of 127.0.0.1, without a password, not part of a replica set. */
export interface PrivateMongo extends TestMongo {
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

/** The server that MONGODB_URL names, or else a private one. */
export async function startMongoForTests(): Promise<TestMongo> {
  const url = process.env['MONGODB_URL'];
  if (url === undefined || url === '') return await startPrivateMongo();
  say('the server that MONGODB_URL names');
  return { url, [Symbol.asyncDispose]: async () => undefined };
}

/** A private server: the machine's own mongod, or else SecantusDB, which is installed the first time. Throws if there is neither. */
export async function startPrivateMongo(): Promise<PrivateMongo> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-mongodb-'));
  const port = await freePort();
  const command = await mongoCommand(folder, port);
  let server: ServerProgram = await startServerProgram(command);
  return {
    url: `mongodb://127.0.0.1:${port}`,
    async start() {
      server = await startServerProgram(command);
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Installs what a private server needs, which takes half a minute the first time. Throws if that cannot be had. */
export async function prepareMongoForTests(): Promise<void> {
  if (!process.env['MONGODB_URL']) await mongoCommand(tmpdir(), 0);
}

async function mongoCommand(folder: string, port: number): Promise<ServerCommand> {
  const mongod = findOnPath('mongod');
  if (mongod !== undefined) {
    say(mongod);
    const args = ['--bind_ip', '127.0.0.1', '--port', String(port), '--dbpath', folder];
    return { program: mongod, args, ready: /Waiting for connections/ };
  }
  // SecantusDB speaks MongoDB's protocol over the same storage engine. It is GPL-2, so it is for tests alone.
  const version = '0.7.0b3';
  const programs = await installPythonPackage('secantusdb', version);
  say(`SecantusDB ${version}`);
  return {
    program: join(programs, 'secantusd-py'),
    args: [
      ...['--host', '127.0.0.1', '--port', String(port), '--storage-path', folder],
      // A standalone server, so that nothing here can need a replica set. It acknowledges what is on the disk.
      ...['--standalone', '--sync-on-commit', '--cache-size', '256M'],
    ],
    ready: /listening on/,
  };
}

const said = new Set<string>();

function say(server: string): void {
  if (!said.has(server)) process.stderr.write(`MongoDB for the tests: ${server}\n`);
  said.add(server);
}
