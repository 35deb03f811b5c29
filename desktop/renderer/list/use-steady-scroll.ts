import type { Virtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState } from 'react';

/**
 * Keeps the visible rows where they are when rows above them are added or removed: the first visible row does not move or, if it was removed
 * itself, the next one that is left.
 * @param order the ids of all rows
 */
export function useSteadyScroll(
  order: readonly string[],
  virtualizer: Virtualizer<HTMLElement, HTMLDivElement>,
  scroller: HTMLElement | null,
): void {
  const seen = useRef<
    { readonly order: readonly string[]; readonly index: number; readonly below: number } | undefined
  >(undefined);

  const [, drawAgain] = useState(0);

  useLayoutEffect(() => {
    if (scroller === null) return undefined;
    const element = scroller;
    const before = seen.current;
    if (before !== undefined && before.order !== order) {
      // Takes in the heights of rows that were just drawn and measured.
      virtualizer.getTotalSize();
      const places = new Map(order.map((id, index) => [id, index]));
      const kept = before.order.slice(before.index).find((id) => places.has(id));
      const start = virtualizer.measurementsCache[kept === undefined ? -1 : (places.get(kept) ?? -1)]?.start;
      if (start !== undefined) {
        const wanted = start + before.below;
        if (Math.abs(wanted - element.scrollTop) >= 1) {
          element.scrollTop = wanted;
          // The virtualizer learns of this by the scroll event. Rows measured before that would be corrected by the old offset.
          virtualizer.scrollOffset = wanted;
          // Then the event changes nothing.
          drawAgain((count) => count + 1);
        }
      }
    }
    seen.current = seenNow();

    function seenNow(): typeof seen.current {
      const scrolled = element.scrollTop;
      const item = virtualizer.getVirtualItemForOffset(scrolled);
      // While summary and strip are visible, nothing is kept: new rows may move the others.
      if (item === undefined || scrolled < item.start) return undefined;
      return { order, index: item.index, below: scrolled - item.start };
    }

    const keep = (): void => {
      seen.current = seenNow();
    };
    element.addEventListener('scroll', keep, { passive: true });
    return () => element.removeEventListener('scroll', keep);
  });
}
