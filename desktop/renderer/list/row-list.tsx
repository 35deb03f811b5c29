import { defaultRangeExtractor, useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { say } from '../../words/say.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { ListRow } from './list-row.tsx';
import { useEntering } from './use-entering.ts';
import { useListKeys } from './use-list-keys.ts';
import { useSteadyScroll } from './use-steady-scroll.ts';

/** A row that is to be shown and focused; another object is another wish. */
export interface WantedRow {
  readonly id: string;
}

export interface RowListProps {
  /** What scrolls. */
  readonly scroller: HTMLElement | null;
  readonly wanted: WantedRow | undefined;
}

/** In rem, as the style sheet has it; what a row really is, is measured. */
const rowRem = 3.375;
/** How many rows are drawn beyond what is seen. */
const overscan = 6;

/** In whole pixels, as rows are measured: a list of thousands must not grow by their fractions once they are seen. */
function estimateSize(): number {
  return Math.round(rowRem * Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
}

/** The list: only the rows in view are drawn, and the one that has, or would get, the focus. */
export function RowList({ scroller, wanted }: RowListProps): ReactNode {
  const order = useAppState((state) => state.order);
  const soundlift = useSoundlift();
  const list = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const [activeId, setActiveId] = useState<string>();
  /** The row in which the focus was last, until it goes elsewhere by itself. */
  const focusedId = useRef<string>(undefined);
  const lastIndex = useRef(0);
  const menuByKey = useRef(false);

  const entering = useEntering(order);

  const found = activeId === undefined ? 0 : order.indexOf(activeId);
  // The active row has gone: the one that took its place.
  const activeIndex = found >= 0 ? found : Math.min(lastIndex.current, order.length - 1);

  const getItemKey = useCallback((index: number) => order[index] ?? index, [order]);
  // What was measured since the last drawing is taken in while it still belongs to the same rows: the virtualizer would go on from
  // the first of them, with those before it as they were in the order of then.
  const drawnVirtualizer = useRef<Virtualizer<HTMLElement, HTMLDivElement>>(undefined);
  drawnVirtualizer.current?.getTotalSize();
  const virtualizer = useVirtualizer<HTMLElement, HTMLDivElement>({
    count: order.length,
    getScrollElement: () => scroller,
    estimateSize,
    getItemKey,
    overscan,
    scrollMargin: margin,
    rangeExtractor: (range) => {
      const drawn = defaultRangeExtractor(range);
      return activeIndex < 0 || drawn.includes(activeIndex)
        ? drawn
        : [...drawn, activeIndex].toSorted((one, other) => one - other);
    },
  });
  useSteadyScroll(order, virtualizer, scroller);

  useLayoutEffect(() => {
    lastIndex.current = activeIndex;
    drawnVirtualizer.current = virtualizer;
    if (list.current === null || scroller === null) return;
    const top = list.current.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
    if (Math.abs(top - margin) >= 1) setMargin(top);
  });

  const focusRow = useCallback(
    (index: number): void => {
      const id = order[index];
      if (id === undefined) return;
      // So that it is drawn, wherever it is.
      flushSync(() => setActiveId(id));
      const row = rowElement(list.current, id);
      row?.focus({ preventScroll: true });
      row?.scrollIntoView({ block: 'nearest' });
    },
    [order],
  );

  const current = useRef({ order, focusRow });
  useLayoutEffect(() => {
    current.current = { order, focusRow };
    // The row with the focus has gone, and the focus with it.
    if (focusedId.current === undefined || !focusIsNowhere() || order.includes(focusedId.current)) return;
    if (order.length > 0) focusRow(activeIndex);
  });

  useEffect(() => {
    if (wanted === undefined) return undefined;
    // After the first measuring, when the page has just been opened for it.
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
  }, []);

  const onDrawn = useCallback((id: string, row: HTMLDivElement): void => {
    if (focusedId.current === id && focusIsNowhere()) row.focus({ preventScroll: true });
  }, []);

  const openMenu = useCallback(
    (id: string): void => {
      // Some systems tell of the key a second time, as of a click.
      menuByKey.current = true;
      setTimeout(() => {
        menuByKey.current = false;
      }, 500);
      void soundlift.rowMenu(id);
    },
    [soundlift],
  );
  const pageRows = (): number => Math.max(1, Math.floor((scroller?.clientHeight ?? 0) / 60));
  const onKeyDown = useListKeys({ focusRow, openMenu, pageRows });

  return (
    <div
      ref={list}
      className="rows"
      role="grid"
      aria-label={say('listConversions')}
      aria-rowcount={order.length}
      style={{ blockSize: virtualizer.getTotalSize() }}
      onKeyDown={onKeyDown}
      onFocus={(event) => {
        const id = rowIdOf(event.target);
        focusedId.current = id;
        if (id !== undefined) setActiveId(id);
      }}
      onContextMenu={(event) => {
        const id = rowIdOf(event.target);
        if (id === undefined) return;
        event.preventDefault();
        if (!menuByKey.current) void soundlift.rowMenu(id);
      }}
    >
      {virtualizer.getVirtualItems().map(({ index, start }) => {
        const id = order[index];
        if (id === undefined) return null;
        return (
          <ListRow
            key={id}
            id={id}
            index={index}
            top={start - margin}
            active={index === activeIndex}
            entering={entering.has(id)}
            measure={virtualizer.measureElement}
            onDrawn={onDrawn}
          />
        );
      })}
    </div>
  );
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
