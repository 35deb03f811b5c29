import { useCallback, useEffect, useRef, useState } from 'react';
import type { HistoryItem, HistoryPage } from '../../ipc.ts';
import { useAppStore } from '../store/app-store.ts';

export interface HistoryView {
  /** The loaded items of those found, newest first, without gaps. */
  readonly items: readonly HistoryItem[];
  readonly facts: Omit<HistoryPage, 'items'>;
  /** False until the first answer. */
  readonly isKnown: boolean;
  /** Loads the next items, if there are any. */
  readonly more: () => void;
}

const pageItems = 100;
const noFacts = { found: 0, total: 0, totalSeconds: 0, totalBytes: 0 };
/** The search begins this long after the last letter was typed. */
const typingMilliseconds = 150;

/** The items of the history that match `search`. They are loaded while scrolling, and again when the history changes. */
export function useHistory(search: string): HistoryView {
  const store = useAppStore();
  const [view, setView] = useState<Omit<HistoryView, 'more'>>({ items: [], facts: noFacts, isKnown: false });
  /** Number of the latest query. Answers to older ones are ignored. */
  const question = useRef(0);
  const isLoading = useRef(false);

  const load = useCallback(
    async (offset: number): Promise<void> => {
      const asked = question.current;
      isLoading.current = true;
      try {
        const { items, ...facts } = await store.api.history({ search, offset, limit: pageItems });
        if (asked !== question.current) return;
        setView((before) => ({
          items: offset === 0 ? items : [...before.items.slice(0, offset), ...items],
          facts,
          isKnown: true,
        }));
      } finally {
        if (asked === question.current) isLoading.current = false;
      }
    },
    [store, search],
  );

  useEffect(() => {
    const again = (): void => {
      question.current += 1;
      load(0).catch(() => undefined);
    };
    const timer = setTimeout(again, typingMilliseconds);
    const unfollow = store.onHistory(again);
    return () => {
      clearTimeout(timer);
      unfollow();
    };
  }, [store, load]);

  const { items, facts } = view;
  const more = useCallback((): void => {
    if (!isLoading.current && items.length < facts.found) load(items.length).catch(() => undefined);
  }, [items.length, facts.found, load]);
  return { ...view, more };
}
