import { type FocusEvent, type KeyboardEvent, type RefObject, useState } from 'react';
import type { HistoryItem } from '../../ipc.ts';
import { listKey } from '../list/list-keys.ts';
import { moveInRow } from '../list/move-in-row.ts';
import { usePlayer } from '../sound/player.ts';
import { useAppStore } from '../store/app-store.ts';

export interface HistoryKeys {
  /** Index of the row that Tab enters. */
  readonly activeId: string | undefined;
  readonly handlers: {
    readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
    readonly onFocus: (event: FocusEvent<HTMLElement>) => void;
  };
}

const stepSeconds = 5;

/** The keys of the history's rows: those keys of the list that make sense here. */
export function useHistoryKeys(items: readonly HistoryItem[], list: RefObject<HTMLElement | null>): HistoryKeys {
  const { api, get } = useAppStore();
  const player = usePlayer();
  const [activeId, setActiveId] = useState<string>();

  function focusAt(index: number): void {
    const id = items[Math.max(0, Math.min(items.length - 1, index))]?.id;
    if (id === undefined) return;
    setActiveId(id);
    const rows = list.current?.querySelectorAll<HTMLElement>('[data-history]') ?? [];
    const row = [...rows].find((one) => one.dataset['history'] === id);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-history]') : null;
    const index = items.findIndex(({ id }) => id === row?.dataset['history']);
    const item = items[index];
    const key = listKey(event, get().system);
    if (row === null || item === undefined || key === undefined || typeof key === 'object') return;
    const isOnControl = event.target !== row;
    switch (key) {
      case 'up':
        focusAt(index - 1);
        break;
      case 'down':
        focusAt(index + 1);
        break;
      case 'first':
        focusAt(0);
        break;
      case 'last':
        focusAt(items.length - 1);
        break;
      case 'next_control':
      case 'previous_control':
        moveInRow(row, 'button:not(:disabled)', event.target, key === 'next_control' ? 1 : -1);
        break;
      case 'play':
        if (isOnControl) return;
        if (!item.missing) player.toggle(item.id);
        break;
      case 'on':
      case 'back':
        player.step(key === 'on' ? stepSeconds : -stepSeconds);
        break;
      case 'act':
        if (isOnControl) return;
        void (item.missing ? api.convertAgain(item.id) : api.showInFolder(item.id));
        break;
      case 'way_out':
        void api.removeFromHistory(item.id);
        break;
      case 'copy':
        if (!item.missing) void api.copyFile(item.id);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  return {
    activeId: items.some(({ id }) => id === activeId) ? activeId : items[0]?.id,
    handlers: {
      onKeyDown,
      onFocus(event) {
        const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-history]') : null;
        if (row !== null) setActiveId(row.dataset['history']);
      },
    },
  };
}
