import { setTimeout as delay } from 'node:timers/promises';
import type { RunningProcess } from '../running/processes.ts';
import type { RunningService } from '../running/running-cluster.ts';
import type { ServiceName } from '../running/service-process.ts';

/** A service that is started again whenever it ends, as a supervisor does. */
export interface SupervisedService {
  /** Such as `gateway 2`. */
  readonly title: string;
  readonly name: ServiceName;
  readonly url: string;
  /** The time (`performance.now()`) since which it has been running undisturbed; Infinity while it is down or frozen. */
  upSince(): number;
  /** Kills it with SIGKILL, also while it is frozen, and returns once it has ended. False if it is down. */
  kill(): Promise<boolean>;
  /** Stops all its processes for a while. False if it is down or frozen. */
  freeze(seconds: number): Promise<boolean>;
  workers(): Promise<readonly RunningProcess[]>;
  /** Ends it in order. Throws if it does not exit with 0. */
  stop(): Promise<void>;
  /** Resolves when it runs, and is not started again any more. */
  settle(): Promise<void>;
}

const restartMilliseconds = 300;
const lookMilliseconds = 200;

/** `violate` is called if it ends, or cannot start, without being killed. */
export function superviseService(
  service: RunningService,
  title: string,
  violate: (what: string) => void,
): SupervisedService {
  let upSince = performance.now();
  let isFrozen = false;
  let isSettled = false;
  let starting: Promise<void> | undefined;

  const watching = setInterval(() => {
    const ended = service.process().ended();
    if (isSettled || starting !== undefined || upSince === Infinity || ended === undefined) return;
    violate(`${title} ended by itself (${ended}): ${service.process().complaints()}`);
    restart();
  }, lookMilliseconds);

  function restart(): void {
    upSince = Infinity;
    starting = start().finally(() => {
      starting = undefined;
    });
  }

  async function start(): Promise<void> {
    for (;;) {
      await delay(restartMilliseconds);
      try {
        await service.start();
        upSince = performance.now();
        return;
      } catch (error) {
        violate(`${title} could not start: ${String(error)}`);
        if (isSettled) return;
      }
    }
  }

  return {
    title,
    name: service.name,
    url: service.url,
    upSince: () => (isFrozen ? Infinity : upSince),

    async kill() {
      if (upSince === Infinity) return false;
      upSince = Infinity;
      await service.process().kill();
      restart();
      return true;
    },

    async freeze(seconds) {
      if (isFrozen || upSince === Infinity) return false;
      const frozen = service.process();
      isFrozen = true;
      try {
        await frozen.signal('SIGSTOP');
        await delay(seconds * 1000);
      } finally {
        await frozen.signal('SIGCONT');
        isFrozen = false;
        if (upSince !== Infinity) upSince = performance.now();
      }
      return true;
    },

    workers: () => service.process().workers(),

    async stop() {
      isSettled = true;
      clearInterval(watching);
      await service.process().stop();
    },

    async settle() {
      await starting;
      isSettled = true;
      clearInterval(watching);
    },
  };
}
