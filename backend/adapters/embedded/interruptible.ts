/**
 * Hands on what `source` gives until `signal` fires, and then throws the signal's reason at once, even while the source keeps
 * us waiting. The source is told to end, but not waited for.
 */
export async function* interruptible<Item>(
  source: AsyncIterable<Item>,
  signal: AbortSignal,
): AsyncGenerator<Item, void, undefined> {
  // Not Promise.race: one promise that lives as long as all of the source would keep something for each item.
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
    // A generator that waits for something answers only after that, and what it throws then concerns nobody any more.
    if (!ended) iterator.return?.().then(undefined, () => undefined);
  }
}
