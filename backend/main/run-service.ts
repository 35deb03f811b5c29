import { once } from 'node:events';
import type { Logger } from 'pino';
import { isAppError } from '../../shared/errors.ts';
import { type Config, parseConfig } from '../config.ts';
import { openLog } from './open-log.ts';
import { stopInTime } from './stop-in-time.ts';
import { watchForStop } from './stop-signals.ts';

/** The process of a service that is starting. */
export interface ServiceProcess {
  readonly config: Config;
  readonly log: Logger;
  /** Whatever the service starts is added to this, and disposed of in reverse order when the process is asked to stop. */
  readonly running: AsyncDisposableStack;
  /** Fires when the process is asked to stop. */
  readonly signal: AbortSignal;
  /** Writes a line to standard output. */
  say(line: string): void;
}

/** As of a command line: 130 is what a shell reports for a program that Ctrl-C ended. */
const exitCodes = { failed: 1, misused: 2, stopped: 130 } as const;

/**
 * Runs one service of the cluster as this process, with the settings of the environment, until SIGTERM or Ctrl-C. Then the process ends
 * with 0. If the service cannot start or stop, it says why in one sentence on standard error and ends with 1, or with 2 for a wrong
 * setting.
 */
export async function runService(start: (service: ServiceProcess) => Promise<void>): Promise<void> {
  const signal = watchForStop(process, exitCodes.stopped, { needsOutput: false });
  try {
    const config = parseConfig(process.env);
    const running = new AsyncDisposableStack();
    try {
      const say = (line: string): void => void process.stdout.write(`${line}\n`);
      await start({ config, log: openLog(config.logLevel), running, signal, say });
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await stopInTime(running);
    }
  } catch (error) {
    if (signal.aborted && error === signal.reason) return;
    if (!isAppError(error) || error.code === 'internal') throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.code === 'invalid' ? exitCodes.misused : exitCodes.failed;
    // Something hangs. An orderly exit would wait for it.
    if (error.details?.['stopSeconds'] !== undefined) process.kill(process.pid, 'SIGKILL');
  }
}
