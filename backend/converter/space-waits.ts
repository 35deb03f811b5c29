import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { failure } from '../../shared/words/failure-sentence.ts';

/** Waits grow from this, so that a short shortage costs little, to this, so that the work goes on soon after somebody has freed space. */
const shortestSeconds = 5;
const longestSeconds = 60;
/** The longest pause between two looks for room: it costs little. */
const longestLookSeconds = 5;
/** How often to look while a conversion runs. In this time, a conversion writes a few megabytes at most. */
const watchMilliseconds = 200;

/** How many bytes conversions may write to the volume of their work folder. 0 or less: none. */
export type WorkRoom = () => Promise<number>;

/** How conversions wait while the disk is full or something is unavailable. */
export interface SpaceWaits {
  /** Resolves once a conversion may begin. Rejects with the signal's reason. */
  untilRoom(signal: AbortSignal): Promise<void>;
  /** Fires with `disk_full` when the room runs out, until it is disposed of. */
  watch(): Disposable & { readonly signal: AbortSignal };
  /** Whether the conversion has not waited yet. */
  isFirst(id: string): boolean;
  /** How long the conversion has to wait now. Each time it is longer, up to a limit. */
  nextSeconds(id: string): number;
  /** The next wait of this conversion is a short one again. */
  forget(id: string): void;
}

export function createSpaceWaits(room: WorkRoom, log: Logger): SpaceWaits {
  const seconds = new Map<string, number>();
  let isFull = false;

  async function hasRoom(): Promise<boolean> {
    const now = (await room()) <= 0;
    if (now && !isFull) log.warn('the disk is full: conversions wait until there is space');
    if (!now && isFull) log.info('there is space again: conversions go on');
    isFull = now;
    return !isFull;
  }

  return {
    async untilRoom(signal) {
      for (let pause = 1; !(await hasRoom()); pause = Math.min(2 * pause, longestLookSeconds)) {
        await delay(pause * 1000, undefined, { signal, ref: false }).catch(() => signal.throwIfAborted());
      }
    },

    watch() {
      const full = new AbortController();
      let isLooking = false;
      const timer = setInterval(() => {
        if (isLooking) return;
        isLooking = true;
        room()
          .then((bytes) => {
            if (bytes <= 0) full.abort(failure('disk_full'));
          })
          // If the folder cannot be reached, the conversion itself fails.
          .catch(() => undefined)
          .finally(() => {
            isLooking = false;
          });
      }, watchMilliseconds).unref();
      return { signal: full.signal, [Symbol.dispose]: () => clearInterval(timer) };
    },

    isFirst: (id) => !seconds.has(id),

    nextSeconds(id) {
      const next = Math.min((seconds.get(id) ?? shortestSeconds / 2) * 2, longestSeconds);
      seconds.set(id, next);
      return next;
    },

    forget(id) {
      seconds.delete(id);
    },
  };
}
