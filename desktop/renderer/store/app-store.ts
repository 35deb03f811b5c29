import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Row, SoundliftApi } from '../../ipc.ts';
import type { AppSnapshot } from './app-snapshot.ts';
import type { AppStore } from './create-app-store.ts';

/** Provided by `main.tsx`. */
export const AppStoreContext = createContext<AppStore | undefined>(undefined);

export function useAppStore(): AppStore {
  const store = useContext(AppStoreContext);
  if (store === undefined) throw new Error('no store: AppStoreContext is missing');
  return store;
}

/** The requests to main. */
export function useSoundlift(): SoundliftApi {
  return useAppStore().api;
}

/**
 * A part of the state. The component is drawn again only when that part changes.
 * @param select must return parts of the state, not new objects
 */
export function useAppState<Part>(select: (state: AppSnapshot) => Part): Part {
  const store = useAppStore();
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}

/** The row of that id; undefined once it is removed. */
export function useRow(id: string): Row | undefined {
  return useAppState((state) => state.rows.get(id));
}
