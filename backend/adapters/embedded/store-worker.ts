import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../../shared/errors.ts';
import { fromSentError } from './sent-error.ts';
import {
  type CallKind,
  type DatabaseName,
  type Portion,
  type Reserve,
  type StoreAnswer,
  type StoreRequest,
  type StoresByDatabase,
  storeCalls,
} from './store-calls.ts';

/**
 * A thread that opens databases and runs the calls to their stores, so that the event loop of this program never waits for a disk.
 * Disposing of it waits for the calls in progress.
 */
export interface StoreWorker extends AsyncDisposable {
  /**
   * Opens a database and its stores. Disposing of them waits for the calls in progress and closes the database; later calls throw
   * `unavailable`. Throws as `openConversionsDatabase` and `openAccountsDatabase` do.
   */
  open<Name extends DatabaseName>(
    database: Name,
    path: string,
    reserve?: Reserve,
  ): Promise<StoresByDatabase[Name] & AsyncDisposable>;
  /** Fires if the thread has died. The reason is an AppError `unavailable`, which all calls throw from then on. */
  readonly died: AbortSignal;
}

type Request = StoreRequest extends infer One ? (One extends unknown ? Omit<One, 'number'> : never) : never;

export function startStoreWorker(): StoreWorker {
  // A thread does not use the program's compile cache by itself. Without it, its code takes 15 MB and 60 ms of CPU more.
  const cache = getCompileCacheDir();
  const worker = new Worker(new URL('./store-thread.ts', import.meta.url), {
    env: cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) },
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const died = new AbortController();
  /** What calls throw once the thread has ended, in whichever way. */
  let ended: AppError | undefined;
  let lastNumber = 0;
  let requests: StoreRequest[] = [];

  function die(cause: unknown): void {
    if (ended !== undefined) return;
    ended = new AppError('unavailable', 'The databases have stopped working. Start Soundlift again.', { cause });
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
    died.abort(ended);
  }
  worker.on('message', (answers: readonly StoreAnswer[]) => {
    for (const answer of answers) {
      const asked = waiting.get(answer.number);
      waiting.delete(answer.number);
      if ('error' in answer) asked?.reject(fromSentError(answer.error));
      else asked?.resolve(answer.value);
    }
    // Only a call in progress keeps the program running.
    if (waiting.size === 0) worker.unref();
  });
  worker.on('error', die);
  worker.on('messageerror', die);
  worker.on('exit', (code) => die(new Error(`the thread exited with ${code}`)));
  worker.unref();

  /** All requests of one turn of the event loop are one message. */
  function send(request: Request): { readonly number: number; readonly answer: Promise<unknown> } {
    lastNumber += 1;
    const number = lastNumber;
    if (ended !== undefined) return { number, answer: Promise.reject(ended) };
    const asked = Promise.withResolvers<unknown>();
    waiting.set(number, asked);
    if (waiting.size === 1) worker.ref();
    requests.push({ ...request, number });
    if (requests.length === 1) {
      queueMicrotask(() => {
        worker.postMessage(requests);
        requests = [];
      });
    }
    return { number, answer: asked.promise };
  }

  async function* readList(database: number, store: string, method: string, args: readonly unknown[]) {
    const { number: list, answer } = send({ type: 'call', database, store, method, args });
    let isDone = false;
    try {
      // The worker answers each request for a list with a portion.
      for (let portion = (await answer) as Portion; ; ) {
        yield* portion.items;
        isDone = portion.done;
        if (isDone) return;
        portion = (await send({ type: 'more', database, list }).answer) as Portion;
      }
    } finally {
      if (!isDone) send({ type: 'stop', database, list }).answer.catch(() => undefined);
    }
  }

  function makeStore(database: number, store: string, kinds: Readonly<Record<string, CallKind>>): object {
    const methods = Object.entries(kinds).map(([method, kind]) => {
      const call = (...args: readonly unknown[]): unknown =>
        kind === 'list'
          ? readList(database, store, method, args)
          : send({ type: 'call', database, store, method, args }).answer;
      return [method, call] as const;
    });
    return Object.fromEntries(methods);
  }

  return {
    died: died.signal,
    async open<Name extends DatabaseName>(name: Name, path: string, reserve?: Reserve) {
      const { number: database, answer } = send({ type: 'open', database: name, path, reserve });
      await answer;
      const stores = Object.entries<Readonly<Record<string, CallKind>>>({ ...storeCalls[name] }).map(
        ([store, kinds]) => [store, makeStore(database, store, kinds)] as const,
      );
      // The table of calls has the same stores and methods as the ports.
      const opened = Object.fromEntries(stores) as unknown as StoresByDatabase[Name];
      return {
        ...opened,
        async [Symbol.asyncDispose]() {
          if (ended === undefined) await send({ type: 'close', database }).answer;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      while (waiting.size > 0) await Promise.allSettled([...waiting.values()].map(({ promise }) => promise));
      ended ??= new AppError('unavailable', 'The databases were closed.');
      await worker.terminate();
    },
  };
}
