import type { SoundliftApi, View } from '../../ipc.ts';
import { type AppSnapshot, applyChanges, snapshotOf } from './app-snapshot.ts';

/** The state that the renderer draws, and the requests to main. */
export interface AppStore {
  readonly api: SoundliftApi;
  get(): AppSnapshot;
  /** Calls `listener` at most once per frame, and never while the window is hidden. Returns a function that stops this. */
  subscribe(listener: () => void): () => void;
  /** Calls `listener` when main asks to show something. */
  onShow(listener: (view: View) => void): () => void;
  /** Calls `listener` with each announcement. */
  onAnnounce(listener: (text: string) => void): () => void;
  /** Calls `listener` when the history has changed. */
  onHistory(listener: () => void): () => void;
  /** Stops following changes. */
  close(): void;
}

/**
 * Asks for the state and follows its changes. Changes are applied as they come, and drawn with the next frame.
 * @param nextFrame calls back before the next frame is drawn, and never while the window is hidden
 */
export async function createAppStore(api: SoundliftApi, nextFrame: (call: () => void) => void): Promise<AppStore> {
  const listeners = new Set<() => void>();
  const showListeners = new Set<(view: View) => void>();
  const announceListeners = new Set<(text: string) => void>();
  const historyListeners = new Set<() => void>();
  let frameAsked = false;
  let snapshot: AppSnapshot | undefined;
  /** Changes that came before the answer: the answer contains them already, or they follow it. */
  const early: Parameters<Parameters<SoundliftApi['onChanges']>[0]>[0][number][] = [];

  function notifyWithNextFrame(): void {
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
    if (snapshot !== before) notifyWithNextFrame();
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
      // A view that main asked for while the window was opening.
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
