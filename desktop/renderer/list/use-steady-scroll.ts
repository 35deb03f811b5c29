import type { Virtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState } from 'react';

/**
 * Keeps what is seen where it is when rows above it come or go: the first row in view stays at its place, or, if it has gone itself,
 * the next one that is still there.
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
      // Rows that have just been drawn were measured meanwhile: this takes their heights into account.
      virtualizer.getTotalSize();
      const places = new Map(order.map((id, index) => [id, index]));
      const kept = before.order.slice(before.index).find((id) => places.has(id));
      const start = virtualizer.measurementsCache[kept === undefined ? -1 : (places.get(kept) ?? -1)]?.start;
      if (start !== undefined) {
        const wanted = start + before.below;
        if (Math.abs(wanted - element.scrollTop) >= 1) {
          element.scrollTop = wanted;
          // It learns of this with the scroll event; rows that are measured before would be put right by the place of before.
          virtualizer.scrollOffset = wanted;
          // And the event then tells it nothing new.
          drawAgain((count) => count + 1);
        }
      }
    }
    seen.current = seenNow();

    function seenNow(): typeof seen.current {
      const scrolled = element.scrollTop;
      const item = virtualizer.getVirtualItemForOffset(scrolled);
      // Before the first row, where summary and strip are seen, nothing is held: new rows may move the others.
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
