import type { JobHandler, Place } from '../ports/job-queue.ts';

/** The places of one consumer. It runs the handler once for each place that is busy. */
export interface JobWorker {
  places(): number;
  /** Places whose handler does not run. */
  freePlaces(): number;
  /** Runs the handler on a free place, for this ticket if there is one. */
  work(ticket?: string): void;
  /** Returns how many places are new, and must look for work without a ticket. */
  setPlaces(places: number): number;
  /** Fires the signal of every place and resolves when all handlers have returned. */
  stop(): Promise<void>;
}

export interface JobWorkerOptions {
  /** Called with what the handler throws. */
  readonly onError: (error: unknown) => void;
  /** Called after the handler has returned; with its ticket if the worker was stopped, so that another worker can take it. */
  readonly onReturn: (unfinishedTicket: string | undefined) => void;
}

export function createJobWorker(handler: JobHandler, { onError, onReturn }: JobWorkerOptions): JobWorker {
  const stopping = new AbortController();
  const { signal } = stopping;
  /** Handlers that have not returned. */
  const running = new Set<Promise<void>>();
  let places = 0;
  /** Places whose handler runs. More than `places` after their number was lowered, until enough handlers have returned. */
  let busy = 0;

  function work(ticket?: string): void {
    let isHeld = true;
    busy += 1;
    function giveUp(): void {
      if (isHeld) busy -= 1;
      isHeld = false;
    }
    const place: Place = {
      signal,
      mayGoOn() {
        if (busy > places) giveUp();
        return isHeld && !signal.aborted;
      },
    };
    const job = run(place).then(() => {
      running.delete(job);
      giveUp();
      onReturn(signal.aborted ? ticket : undefined);
    });
    running.add(job);
  }

  async function run(place: Place): Promise<void> {
    try {
      await handler(place);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) onError(error);
    }
  }

  function setPlaces(wanted: number): number {
    const before = places;
    places = wanted;
    return Math.max(places - Math.max(before, busy), 0);
  }

  return {
    places: () => places,
    freePlaces: () => Math.max(places - busy, 0),
    work,
    setPlaces,
    async stop() {
      setPlaces(0);
      stopping.abort();
      await Promise.all(running);
    },
  };
}
