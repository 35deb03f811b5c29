import { AppError } from '../../../shared/errors.ts';
import { type JobHandler, type JobOutcome, type JobQueue, retryAfterThrowSeconds } from '../../ports/job-queue.ts';

/** The longest that a timer of Node's can wait. */
const longestDelayMilliseconds = 2 ** 31 - 1;

interface Worker<Message> {
  readonly handler: JobHandler<Message>;
  readonly concurrency: number;
  readonly controller: AbortController;
  readonly running: Set<Promise<void>>;
}

/** A message that waits out its delay. */
interface Delayed {
  readonly timer: NodeJS.Timeout;
  /** Milliseconds, on the monotonic clock. */
  readonly due: number;
}

/**
 * A queue in this process's memory: filled again from the rows after a start. Messages are kept and compared as JSON; one that
 * waits is not taken a second time. `onError` hears what handlers throw.
 */
export function createMemoryJobQueue<Message>(onError: (error: unknown, message: Message) => void): JobQueue<Message> {
  /** In the order of arrival. */
  const waiting = new Set<string>();
  const delayed = new Map<string, Delayed>();
  const workers = new Set<Worker<Message>>();
  let closed = false;

  function enqueue(text: string): void {
    waiting.add(text);
    handOut();
  }

  function enqueueLater(text: string, delaySeconds: number): void {
    if (closed) return;
    const delay = Math.min(Math.max(0, delaySeconds * 1000), longestDelayMilliseconds);
    const now = performance.now();
    const due = Math.max(now + delay, delayed.get(text)?.due ?? 0);
    forgetDelayed(text);
    // Adding and taking away rounds, and what is longer than the longest waits a millisecond.
    const wait = Math.min(due - now, longestDelayMilliseconds);
    const timer = setTimeout(() => {
      delayed.delete(text);
      enqueue(text);
    }, wait);
    // A job that waits is no reason for a process to stay: the row brings it back.
    timer.unref();
    delayed.set(text, { timer, due });
  }

  function forgetDelayed(text: string): void {
    clearTimeout(delayed.get(text)?.timer);
    delayed.delete(text);
  }

  function handOut(): void {
    for (const worker of workers) {
      while (worker.running.size < worker.concurrency) {
        const [text] = waiting;
        if (text === undefined) return;
        waiting.delete(text);
        const job = run(worker, text).finally(() => {
          worker.running.delete(job);
          handOut();
        });
        worker.running.add(job);
      }
    }
  }

  async function run(worker: Worker<Message>, text: string): Promise<void> {
    const outcome = await outcomeOf(worker, text);
    if (outcome.kind === 'retry') enqueueLater(text, outcome.delaySeconds);
  }

  async function outcomeOf({ handler, controller: { signal } }: Worker<Message>, text: string): Promise<JobOutcome> {
    const message: Message = JSON.parse(text);
    try {
      return await handler(message, signal);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) onError(error, message);
      return { kind: 'retry', delaySeconds: retryAfterThrowSeconds };
    }
  }

  async function stop(worker: Worker<Message>): Promise<void> {
    workers.delete(worker);
    worker.controller.abort();
    await Promise.all(worker.running);
  }

  return {
    async publish(message) {
      if (closed) throw new AppError('unavailable', 'The queue is closed.');
      const text = JSON.stringify(message);
      // Whoever publishes it wants it done now, whatever an earlier try has found.
      forgetDelayed(text);
      enqueue(text);
    },

    async consume(handler, { concurrency }) {
      if (closed) throw new AppError('unavailable', 'The queue is closed.');
      const worker: Worker<Message> = { handler, concurrency, controller: new AbortController(), running: new Set() };
      workers.add(worker);
      handOut();
      return { stop: () => stop(worker) };
    },

    async close() {
      closed = true;
      for (const text of [...delayed.keys()]) forgetDelayed(text);
      waiting.clear();
      await Promise.all([...workers].map(stop));
    },
  };
}
