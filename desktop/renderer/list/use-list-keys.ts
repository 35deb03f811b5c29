import { type KeyboardEvent, useRef } from 'react';
import { rowWords, wayOutOf } from '../../words/row-words.ts';
import { performRowRequest, useShowView } from '../shell/show-view.ts';
import { usePlayer } from '../sound/player.ts';
import { useAppStore } from '../store/app-store.ts';
import { findByName } from './find-by-name.ts';
import { listKey } from './list-keys.ts';
import { moveInRow } from './move-in-row.ts';
import { hasSound } from './row-look.ts';

/** Letters typed within this time belong to one name. */
const typingMilliseconds = 700;
/** The seconds that Shift → and ← skip. */
const stepSeconds = 5;

export interface ListKeysParts {
  /** Focuses a row by its index. An index outside the list is ignored. */
  readonly focusRow: (index: number) => void;
  readonly openMenu: (id: string) => void;
  /** How many rows are visible at once. */
  readonly pageRows: () => number;
}

/** The handler for `onKeyDown` of the list. */
export function useListKeys(parts: ListKeysParts): (event: KeyboardEvent<HTMLElement>) => void {
  const store = useAppStore();
  const player = usePlayer();
  const show = useShowView();
  const typed = useRef({ letters: '', at: 0 });

  function jumpTo(letters: string, index: number): void {
    const { order, rows } = store.get();
    const names = order.map((id) => {
      const row = rows.get(id);
      return row === undefined ? '' : rowWords(row).title;
    });
    const next = findByName(names, index, letters);
    if (next !== undefined) parts.focusRow(next);
  }

  function type(letter: string, index: number): void {
    const now = performance.now();
    const letters = now - typed.current.at < typingMilliseconds ? typed.current.letters + letter : letter;
    typed.current = { letters, at: now };
    jumpTo(letters, index);
  }

  return (event) => {
    const element = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-id]') : null;
    const id = element?.dataset['id'];
    const { order, rows, system } = store.get();
    const row = id === undefined ? undefined : rows.get(id);
    const key = listKey(event, system);
    if (element === null || id === undefined || row === undefined || key === undefined) return;
    const index = order.indexOf(id);
    const onControl = event.target !== element;
    const slider = onControl && (event.target as Element).getAttribute('role') === 'slider';

    if (typeof key === 'object') {
      type(key.letter, index);
    } else if (key === 'play') {
      if (typed.current.letters !== '' && performance.now() - typed.current.at < typingMilliseconds) type(' ', index);
      else if (onControl && !slider) return;
      else if (hasSound(row.state)) player.toggle(id);
    } else if (key === 'act') {
      // Buttons handle their own keys.
      if (onControl && !slider) return;
      const { action } = rowWords(row);
      if (action !== undefined) performRowRequest(id, action.request, store.api, show);
    } else if (slider && (key === 'next_control' || key === 'previous_control')) {
      player.step(key === 'next_control' ? stepSeconds : -stepSeconds);
    } else if (slider && (key === 'first' || key === 'last')) {
      player.seek(key === 'first' ? 0 : Number.MAX_SAFE_INTEGER);
    } else if (key === 'next_control' || key === 'previous_control') {
      moveInRow(element, 'button:not(:disabled), [role=slider]', event.target, key === 'next_control' ? 1 : -1);
    } else if (key === 'copy') {
      if (hasSound(row.state)) void store.api.copyFile(id);
    } else if (key === 'way_out') {
      void store.api[wayOutOf(row.state)](id);
    } else if (key === 'menu') {
      parts.openMenu(id);
    } else if (key === 'on' || key === 'back') {
      player.step(key === 'on' ? stepSeconds : -stepSeconds);
    } else {
      typed.current = { letters: '', at: 0 };
      const page = parts.pageRows();
      const to = {
        up: index - 1,
        down: index + 1,
        first: 0,
        last: order.length - 1,
        page_up: index - page,
        page_down: index + page,
      };
      parts.focusRow(Math.max(0, Math.min(order.length - 1, to[key])));
    }
    event.preventDefault();
  };
}
