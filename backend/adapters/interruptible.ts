/**
 * Passes `source` on until `signal` fires, and then throws the signal's reason at once, even while the source has not answered.
 * The source is told to end, but this does not wait for it.
 */
export async function* interruptible<Item>(
  source: AsyncIterable<Item>,
  signal: AbortSignal,
): AsyncGenerator<Item, void, undefined> {
  // Promise.race is not used: a promise that lives as long as the source would retain memory for each item.
  let interrupt: (reason: unknown) => void = () => undefined;
  const onAbort = (): void => interrupt(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<Item>>((resolve, reject) => {
        interrupt = reject;
        iterator.next().then(resolve, reject);
      });
      ended = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // A generator that is waiting answers only after that. Whatever it throws then no longer matters.
    if (!ended) iterator.return?.().then(undefined, () => undefined);
  }
}
