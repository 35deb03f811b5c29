import { type FocusEvent, type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from 'react';
import { flushSync } from 'react-dom';

/** A row that is to be shown and focused. A new object asks for it once more. */
export interface WantedRow {
  readonly id: string;
}

export interface RowFocusParts {
  /** The ids of all rows, in order. */
  readonly order: readonly string[];
  readonly list: RefObject<HTMLDivElement | null>;
  readonly wanted: WantedRow | undefined;
  /** Index of the row that has, or would get, the focus. */
  readonly activeIndex: number;
  readonly setActiveId: (id: string) => void;
}

export interface RowFocus {
  /** Draws the row of that index, scrolls to it and focuses it. */
  readonly focusRow: (index: number) => void;
  readonly onFocus: (event: FocusEvent) => void;
  /** To be called with each row that was drawn: one that was drawn anew gets its focus back. */
  readonly onDrawn: (id: string, row: HTMLDivElement) => void;
}

/** Moves the focus among the rows, of which only those in view are drawn, and keeps it in the list when its row goes. */
export function useRowFocus({ order, list, wanted, activeIndex, setActiveId }: RowFocusParts): RowFocus {
  /** The row that had the focus last, until the person moves the focus out of the list. */
  const focusedId = useRef<string>(undefined);

  const focusRow = useCallback(
    (index: number): void => {
      const id = order[index];
      if (id === undefined) return;
      // It must be drawn before it can be focused.
      flushSync(() => setActiveId(id));
      const row = rowElement(list.current, id);
      row?.focus({ preventScroll: true });
      row?.scrollIntoView({ block: 'nearest' });
    },
    [order, list, setActiveId],
  );

  const current = useRef({ order, focusRow });
  useLayoutEffect(() => {
    current.current = { order, focusRow };
    // The row that had the focus has been removed, and the focus with it.
    if (focusedId.current === undefined || !focusIsNowhere() || order.includes(focusedId.current)) return;
    if (order.length > 0) focusRow(activeIndex);
  });

  useEffect(() => {
    if (wanted === undefined) return undefined;
    // A page that was just opened for it must be measured first.
    const frame = requestAnimationFrame(() => {
      const { order: now, focusRow: focus } = current.current;
      focus(now.indexOf(wanted.id));
    });
    return () => cancelAnimationFrame(frame);
  }, [wanted]);

  useEffect(() => {
    const leave = (event: Event): void => {
      if (event.target instanceof Node && list.current?.contains(event.target) !== true) focusedId.current = undefined;
    };
    document.addEventListener('focusin', leave);
    document.addEventListener('pointerdown', leave);
    return () => {
      document.removeEventListener('focusin', leave);
      document.removeEventListener('pointerdown', leave);
    };
  }, [list]);

  const onDrawn = useCallback((id: string, row: HTMLDivElement): void => {
    if (focusedId.current === id && focusIsNowhere()) row.focus({ preventScroll: true });
  }, []);

  const onFocus = (event: FocusEvent): void => {
    const id = rowIdOf(event.target);
    focusedId.current = id;
    if (id !== undefined) setActiveId(id);
  };
  return { focusRow, onFocus, onDrawn };
}

function rowElement(list: HTMLElement | null, id: string): HTMLElement | undefined {
  const rows = list?.querySelectorAll<HTMLElement>('[data-id]') ?? [];
  return [...rows].find((row) => row.dataset['id'] === id);
}

/** The id of the row that an element is in. */
export function rowIdOf(target: EventTarget): string | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-id]') : null;
  return row?.dataset['id'];
}

function focusIsNowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}
