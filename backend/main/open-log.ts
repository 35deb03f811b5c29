import { type Logger, pino } from 'pino';

/** How much is kept in memory while nothing can be written. */
const heldBytes = 1024 * 1024;

/** A log on standard error. It may be a file on a full disk: then the last lines wait for space, and the program goes on. */
export function openLog(level: string): Logger {
  const output = pino.destination({ dest: 2, sync: true, maxLength: heldBytes });
  // Without a listener, a failed write would end the process. The next write tries again.
  output.on('error', () => undefined);
  return pino({ level }, output);
}
