import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { fromSentError } from './sent-error.ts';
import { type DatabaseEvents, damagedDatabase } from './sqlite-database.ts';
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
  /** Fires if the thread has died or is frozen. The reason is an AppError `unavailable`, which all calls throw from then on. */
  readonly died: AbortSignal;
}

/** A thread that answers nothing for this long while calls wait is frozen. A slow disk takes some seconds. */
const frozenSeconds = 60;
/** Looks are counted, and not time, so that nothing happens because the program itself, or the computer, was suspended. */
const looksUntilFrozen = 6;
/** A thread that waits for a disk cannot be ended. */
const endSeconds = 1;

type Request = StoreRequest extends infer One ? (One extends unknown ? Omit<One, 'number'> : never) : never;

function startThread(): Worker {
  // A thread does not use the program's compile cache by itself. Without it, its code takes 15 MB and 60 ms of CPU more.
  const cache = getCompileCacheDir();
  return new Worker(new URL('./store-thread.ts', import.meta.url), {
    env: cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) },
  });
}

/** Calls `onFrozen` once the thread owes an answer and has given none for too long. */
function watchThread(owesAnswer: () => boolean, onFrozen: (cause: Error) => void) {
  let silentLooks = 0;
  const timer = setInterval(
    () => {
      silentLooks = owesAnswer() ? silentLooks + 1 : 0;
      if (silentLooks > looksUntilFrozen) onFrozen(new Error(`the thread has not answered for ${frozenSeconds} s`));
    },
    (frozenSeconds * 1000) / looksUntilFrozen,
  ).unref();
  return {
    answered() {
      silentLooks = 0;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}

export function startStoreWorker({ onSkipped, onDamaged }: DatabaseEvents = {}): StoreWorker {
  const worker = startThread();
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const died = new AbortController();
  /** What calls throw once the thread has ended, in whichever way. */
  let ended: AppError | undefined;
  let lastNumber = 0;
  let requests: StoreRequest[] = [];

  function die(cause: unknown): void {
    if (ended !== undefined) return;
    ended = new AppError('unavailable', 'The databases have stopped working. Start Soundlift again.', { cause });
    watch[Symbol.dispose]();
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
    died.abort(ended);
  }
  let opening = 0;
  // A migration takes as long as it takes.
  const watch = watchThread(() => waiting.size > 0 && opening === 0, die);
  worker.on('message', (answers: readonly StoreAnswer[]) => {
    watch.answered();
    for (const answer of answers) {
      if ('skipped' in answer) {
        onSkipped?.(answer.skipped);
        continue;
      }
      if ('damaged' in answer) {
        const error = fromSentError(answer.damaged);
        if (isAppError(error)) onDamaged?.(error);
        continue;
      }
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
      opening += 1;
      await answer.finally(() => {
        opening -= 1;
      });
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
      watch[Symbol.dispose]();
      await Promise.race([worker.terminate(), delay(endSeconds * 1000, undefined, { ref: false })]);
    },
  };
}

/**
 * Reads a whole database in a thread of its own, which takes seconds for a large one. Resolves with an AppError `unavailable` if the
 * database is damaged, and with undefined if it is not, or once `signal` fires.
 */
export async function checkDatabase(path: string, signal: AbortSignal): Promise<AppError | undefined> {
  if (signal.aborted) return undefined;
  const thread = startThread();
  const stop = (): void => void thread.terminate();
  signal.addEventListener('abort', stop);
  try {
    const answered = Promise.withResolvers<StoreAnswer | undefined>();
    thread.on('message', ([answer]: readonly StoreAnswer[]) => answered.resolve(answer));
    thread.on('exit', () => answered.resolve(undefined));
    thread.on('error', answered.reject);
    const request: StoreRequest = { number: 1, type: 'check', path };
    thread.postMessage([request]);
    const answer = await answered.promise;
    if (answer === undefined) return undefined;
    if ('error' in answer) throw fromSentError(answer.error);
    if (!('value' in answer) || typeof answer.value !== 'string') return undefined;
    return damagedDatabase(path, new Error(answer.value));
  } finally {
    signal.removeEventListener('abort', stop);
    await thread.terminate();
  }
}
