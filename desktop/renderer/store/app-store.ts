import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Row, SoundliftApi } from '../../ipc.ts';
import type { AppSnapshot } from './app-snapshot.ts';
import type { AppStore } from './create-app-store.ts';

/** Given by `main.tsx`. */
export const AppStoreContext = createContext<AppStore | undefined>(undefined);

export function useAppStore(): AppStore {
  const store = useContext(AppStoreContext);
  if (store === undefined) throw new Error('no store: AppStoreContext is missing');
  return store;
}

/** What main does for us. */
export function useSoundlift(): SoundliftApi {
  return useAppStore().api;
}

/**
 * A part of the state; draws again only when it is another one.
 * @param select gives the same value for the same state: parts of it, no new objects
 */
export function useAppState<Part>(select: (state: AppSnapshot) => Part): Part {
  const store = useAppStore();
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}

/** The row of that id; undefined once it has gone. */
export function useRow(id: string): Row | undefined {
  return useAppState((state) => state.rows.get(id));
}
