import type * as workerThreads from 'node:worker_threads';
import type { StoreRequest } from '../../adapters/embedded/store-calls.ts';

/** For tests: the threads that were started, and the requests that they were sent. While `frozen` is true, no thread hears anything. */
export const threads: { readonly started: workerThreads.Worker[]; readonly requests: StoreRequest[]; frozen: boolean } =
  {
    started: [],
    requests: [],
    frozen: false,
  };

/** Node's module of threads, whose threads can be frozen. For `vi.mock('node:worker_threads', …)`. */
export function withFreezableThreads(actual: typeof workerThreads): typeof workerThreads {
  return {
    ...actual,
    Worker: class extends actual.Worker {
      constructor(file: URL, options: workerThreads.WorkerOptions) {
        super(file, options);
        threads.started.push(this);
      }
      override postMessage(sent: readonly StoreRequest[]): void {
        threads.requests.push(...sent);
        if (!threads.frozen) super.postMessage(sent);
      }
    },
  };
}
