import type { SoundliftApi, View } from '../../ipc.ts';
import { type AppSnapshot, applyChanges, snapshotOf } from './app-snapshot.ts';

/** What the renderer draws from, and the one way to ask for anything. */
export interface AppStore {
  readonly api: SoundliftApi;
  get(): AppSnapshot;
  /** Calls `listener` at most once a frame, and not at all while nothing is seen. Returns what ends it. */
  subscribe(listener: () => void): () => void;
  /** Calls `listener` at once when something is to be shown. */
  onShow(listener: (view: View) => void): () => void;
  /** Calls `listener` with what is to be said. */
  onAnnounce(listener: (text: string) => void): () => void;
  /** Calls `listener` when the history is another one. */
  onHistory(listener: () => void): () => void;
  /** Ends the following of changes. */
  close(): void;
}

/**
 * Asks for the state and follows it from then on. Changes are taken over as they come, and told with the next frame.
 * @param nextFrame calls back before the next frame is drawn; never while the window is hidden
 */
export async function createAppStore(api: SoundliftApi, nextFrame: (call: () => void) => void): Promise<AppStore> {
  const listeners = new Set<() => void>();
  const showListeners = new Set<(view: View) => void>();
  const announceListeners = new Set<(text: string) => void>();
  const historyListeners = new Set<() => void>();
  let frameAsked = false;
  let snapshot: AppSnapshot | undefined;
  /** What came before the answer: it is in the answer already, or comes after it. */
  const early: Parameters<Parameters<SoundliftApi['onChanges']>[0]>[0][number][] = [];

  function tellWithNextFrame(): void {
    if (frameAsked) return;
    frameAsked = true;
    nextFrame(() => {
      frameAsked = false;
      for (const listener of listeners) listener();
    });
  }

  const close = api.onChanges((changes) => {
    if (snapshot === undefined) {
      early.push(...changes);
      return;
    }
    const before = snapshot;
    snapshot = applyChanges(before, changes);
    if (snapshot !== before) tellWithNextFrame();
    for (const change of changes) {
      if (change.type === 'show') for (const listener of showListeners) listener(change.view);
      if (change.type === 'history') for (const listener of historyListeners) listener();
      if (change.type === 'announce') for (const listener of announceListeners) listener(change.text);
    }
  });

  let current = applyChanges(snapshotOf(await api.state()), early);
  snapshot = current;

  return {
    api,
    get() {
      current = snapshot ?? current;
      return current;
    },
    subscribe: (listener) => add(listeners, listener),
    onShow(listener) {
      // A view that was asked for while the window was opening.
      for (const change of early.splice(0)) if (change.type === 'show') listener(change.view);
      return add(showListeners, listener);
    },
    onAnnounce: (listener) => add(announceListeners, listener),
    onHistory: (listener) => add(historyListeners, listener),
    close,
  };
}

function add<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
