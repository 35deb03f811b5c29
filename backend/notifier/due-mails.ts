import type { Clock } from '../ports/clock.ts';
import type { NotificationRecord } from '../ports/notification-store.ts';
import { longestPause } from './mail-pauses.ts';

/** A smaller difference between two readings is a correction of the clock. Pauses are not that exact. */
const putBackSeconds = 2;

/** Finds the mails that are due. A mail that is due much later than any pause is due too: the clock was put back meanwhile. */
export interface DueMails {
  /** The due mails of `all`, which comes in the order of their due times. `all` is not read further than necessary. */
  among(all: AsyncIterable<NotificationRecord>): AsyncGenerator<NotificationRecord>;
}

export function createDueMails(clock: Clock): DueMails {
  /** The difference of the clocks, in seconds, when all mails were last read. */
  let clocksDiffer = Number.POSITIVE_INFINITY;

  function isDue({ outboxMail }: NotificationRecord): boolean {
    if (outboxMail === undefined) return false;
    const now = clock.now().getTime();
    const due = Date.parse(outboxMail.due);
    return due <= now || due > now + longestPause(outboxMail.tries) * 1000;
  }

  return {
    async *among(all) {
      const differ = clock.now().getTime() / 1000 - clock.monotonicSeconds();
      // After the clock was put back, and at the start, due mails can be anywhere in the order.
      const readsAll = differ < clocksDiffer - putBackSeconds;
      for await (const record of all) {
        if (isDue(record)) yield record;
        else if (!readsAll) break;
      }
      // Not reached if the reader stops early: then all are read the next time too.
      clocksDiffer = differ;
    },
  };
}
