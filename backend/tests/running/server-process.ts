import { join } from 'node:path';
import { type OwnProcess, type StartingProcess, spawnOwnProcess } from './own-process.ts';

/** A server of ours, in its own process group. */
export interface ServerProcess extends OwnProcess {
  /** Without a trailing slash. */
  readonly url: string;
}

export interface ServerOptions {
  readonly dataFolder: string;
  /** Added to the default environment, or replaces parts of it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** How many descriptors it may have open (`ulimit -n`). Left out, as many as this process. */
  readonly descriptors?: number;
  /** Flags for Node, e.g. a module to load first. */
  readonly nodeFlags?: readonly string[];
  /** The words before its command line, for example of a program that starts it in a namespace. */
  readonly launcher?: readonly string[];
}

/** A spawned server, which may or may not start to listen. */
export interface StartingServer extends Omit<StartingProcess, 'ready'> {
  /** Rejects if it ends before it listens. */
  readonly listening: Promise<ServerProcess>;
}

/** The entry point of `soundlift`. */
export const commandLineEntry = join(import.meta.dirname, '..', '..', '..', 'desktop', 'cli', 'soundlift.mjs');

/** Starts `soundlift serve` on a free port, with a data folder that may be new or used. */
export async function startServerProcess(options: ServerOptions): Promise<ServerProcess> {
  return await spawnServer(options).listening;
}

export function spawnServer(options: ServerOptions): StartingServer {
  const { dataFolder, environment = {}, nodeFlags = [], launcher = [], descriptors } = options;
  const node = [process.execPath, ...nodeFlags, commandLineEntry, 'serve', '--port', '0', '--data', dataFolder];
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors}; `;
  const { ready, ...starting } = spawnOwnProcess({
    words: ['sh', '-c', `${limit}exec "$@"`, 'sh', ...launcher, ...node],
    environment: { LOG_LEVEL: 'warn', CONVERTER_CONCURRENCY: '2', ...environment },
    ready: /^listening on (http:\S+)\n/m,
    workFolder: dataFolder,
  });
  return { ...starting, listening: ready.then((running) => ({ ...running, url: running.said })) };
}
