import { isDeepStrictEqual } from 'node:util';
import type { Changes } from './changes.ts';

/** What happens to a writer that was stopped between two of its steps. */
export type Fate = 'continues' | 'dies';

/** The stores of two processes over the same data. */
export interface SteppedStores<Store> {
  readonly store: Store;
  /**
   * The store of the process that is stopped. It awaits `step` before each write to its storage, and after the last one of a
   * call. A step that never resolves stands for the death of that process.
   */
  stepped(step: () => Promise<void>): Store;
}

export interface StoppedWrite<Store, Item> {
  /** The call that is stopped. */
  write(store: Store): Promise<unknown>;
  /** Writes another row. */
  writeOther(store: Store): Promise<unknown>;
  changes(store: Store, since: string | undefined): Promise<Changes<Item>>;
  /** All current rows. */
  all(store: Store): Promise<readonly Item[]>;
}

export interface StoppedOutcome<Item> {
  /** False if the call has fewer steps. */
  readonly wasStopped: boolean;
  /** The rows of which a reader does not have the current state, although it has read the changes repeatedly. */
  readonly missed: readonly Item[];
}

/**
 * Stops a writer at one of its steps, counted from 0. While it is stopped, another process writes and a reader reads. Then the
 * writer continues or dies, the other process writes once more, and the reader reads the changes since its last position.
 */
export async function stopWriter<Store, Item extends { readonly id: string }>(
  stores: SteppedStores<Store>,
  { write, writeOther, changes, all }: StoppedWrite<Store, Item>,
  stopAt: number,
  fate: Fate,
): Promise<StoppedOutcome<Item>> {
  const { store } = stores;
  const known = new Map<string, Item>((await all(store)).map((item) => [item.id, item]));
  let { position } = await changes(store, undefined);
  async function read(): Promise<void> {
    const answer = await changes(store, position);
    if (!answer.complete) throw new Error('the store cannot tell what has changed');
    for (const item of answer.items) known.set(item.id, item);
    position = answer.position;
  }

  const stopped = Promise.withResolvers<boolean>();
  const goesOn = Promise.withResolvers<void>();
  let steps = 0;
  const writing = write(
    stores.stepped(async () => {
      if (steps++ !== stopAt) return;
      stopped.resolve(true);
      await goesOn.promise;
    }),
  );
  const wasStopped = await Promise.race([stopped.promise, writing.then(() => false)]);

  await writeOther(store);
  await read();
  if (fate === 'continues') {
    goesOn.resolve();
    await writing;
  }
  await writeOther(store);
  await read();
  const missed = (await all(store)).filter((item) => !isDeepStrictEqual(known.get(item.id), item));
  return { wasStopped, missed };
}

/**
 * Stops the writer at each of its steps in turn, and lets it continue or die. Returns the outcomes; throws if it was never
 * stopped.
 */
export async function stopWriterEverywhere<Store, Item extends { readonly id: string }>(
  stores: SteppedStores<Store>,
  begin: () => Promise<StoppedWrite<Store, Item>>,
): Promise<readonly string[]> {
  const missed: string[] = [];
  for (const fate of ['continues', 'dies'] as const) {
    for (let step = 0; ; step += 1) {
      const outcome = await stopWriter(stores, await begin(), step, fate);
      if (outcome.missed.length > 0) missed.push(`stopped at step ${step}, it ${fate}`);
      if (outcome.wasStopped) continue;
      if (step === 0) throw new Error('the writer was never stopped');
      break;
    }
  }
  return missed;
}
