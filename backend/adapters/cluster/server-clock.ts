import { type Clock, systemClock } from '../../ports/clock.ts';

/** How often a server's clock is read. In between, this machine's monotonic clock counts. */
const readEveryMilliseconds = 10_000;

/**
 * The clock of a database server. All processes that use the database have it in common, while the clocks of their machines may be hours
 * apart. It jumps only if the server's clock does, or after this machine was asleep.
 */
export interface ServerClock extends Clock, Disposable {}

/**
 * `readTime` asks the server for its time, in milliseconds since 1970. Rejects as `readTime` does if the server cannot be asked now. If
 * it cannot be asked later, the clock goes on from what was read before.
 */
export async function followServerClock(readTime: () => Promise<number>): Promise<ServerClock> {
  /** The server's time less the monotonic time of this process, in milliseconds. */
  let difference: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  /**
   * The server has read its clock while we waited, and may have dropped a part of a millisecond. So a quick answer says more than a slow
   * one, and one that waited for minutes does no harm.
   */
  async function read(): Promise<void> {
    const before = performance.now();
    const time = await readTime();
    const [least, most] = [time - performance.now(), time + 1 - before];
    difference = Math.min(Math.max(difference ?? (least + most) / 2, least), most);
  }

  function readAgain(): void {
    timer = setTimeout(() => {
      read()
        .catch(() => undefined)
        .finally(() => {
          if (!ended) readAgain();
        });
    }, readEveryMilliseconds).unref();
  }

  await read();
  // The first reading may have waited for a connection.
  await read();
  readAgain();
  return {
    now: () => new Date((difference ?? 0) + performance.now()),
    monotonicSeconds: systemClock.monotonicSeconds,
    [Symbol.dispose]() {
      ended = true;
      clearTimeout(timer);
    },
  };
}
