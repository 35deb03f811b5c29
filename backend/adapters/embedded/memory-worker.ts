import type { JobHandler, Place } from '../../ports/job-queue.ts';

/** One consumer of a queue in memory. It runs its handler once for each place that is busy. */
export interface MemoryWorker {
  places(): number;
  hasFreePlace(): boolean;
  /** Runs the handler, for this ticket if there is one. */
  work(ticket?: string): void;
  /** Runs the handler once, without a ticket, for each place that is new. */
  setPlaces(places: number): void;
  /** Fires the signal of every place and resolves when all handlers have returned. */
  stop(): Promise<void>;
}

export interface MemoryWorkerOptions {
  /** Called with what the handler throws. */
  readonly onError: (error: unknown) => void;
  /** Called after the handler has returned; with its ticket if the worker was stopped, so that another worker can take it. */
  readonly onReturn: (unfinishedTicket: string | undefined) => void;
}

export function createMemoryWorker(handler: JobHandler, { onError, onReturn }: MemoryWorkerOptions): MemoryWorker {
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

  function setPlaces(wanted: number): void {
    const before = places;
    places = wanted;
    for (let index = Math.max(before, busy); index < places; index += 1) work();
  }

  return {
    places: () => places,
    hasFreePlace: () => busy < places,
    work,
    setPlaces,
    async stop() {
      setPlaces(0);
      stopping.abort();
      await Promise.all(running);
    },
  };
}
