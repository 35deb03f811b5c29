import { defaultRangeExtractor, useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useLayoutEffect, useRef, useState } from 'react';
import { say } from '../../words/say.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { ListRow } from './list-row.tsx';
import { useEntering } from './use-entering.ts';
import { useListKeys } from './use-list-keys.ts';
import { rowIdOf, useRowFocus, type WantedRow } from './use-row-focus.ts';
import { useSteadyScroll } from './use-steady-scroll.ts';

export interface RowListProps {
  /** The element that scrolls. */
  readonly scroller: HTMLElement | null;
  readonly wanted: WantedRow | undefined;
}

/** The height of a row in rem, as in the style sheet. Drawn rows are measured. */
const rowRem = 3.375;
/** How many rows are drawn beyond the visible ones. */
const overscan = 6;

/** In whole pixels, as rows are measured: otherwise a list of thousands of rows grows as they come into view. */
function estimateSize(): number {
  return Math.round(rowRem * Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
}

/** The list. Only the rows in view are drawn, and the row that has, or would get, the focus. */
export function RowList({ scroller, wanted }: RowListProps): ReactNode {
  const order = useAppState((state) => state.order);
  const soundlift = useSoundlift();
  const list = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const [activeId, setActiveId] = useState<string>();
  const lastIndex = useRef(0);
  const menuByKey = useRef(false);

  const entering = useEntering(order);

  const found = activeId === undefined ? 0 : order.indexOf(activeId);
  // If the active row was removed, the row that is now at its index.
  const activeIndex = found >= 0 ? found : Math.min(lastIndex.current, order.length - 1);

  const getItemKey = useCallback((index: number) => order[index] ?? index, [order]);
  // Takes in what was measured since the last drawing while the order of the rows is still the same. Later, the virtualizer would
  // combine the new measurements with the old order.
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

  const { focusRow, onFocus, onDrawn } = useRowFocus({ order, list, wanted, activeIndex, setActiveId });

  const openMenu = useCallback(
    (id: string): void => {
      // Some systems report the key a second time, as a click.
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
      onFocus={onFocus}
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
