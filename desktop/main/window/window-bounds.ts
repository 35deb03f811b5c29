import type { Rectangle } from 'electron';
import type { WindowBounds } from '../settings/settings-store.ts';

export const usualSize = { width: 920, height: 640 } as const;
export const leastSize = { minWidth: 480, minHeight: 420 } as const;

/** At least this much of a window must be on a display, so that it can be found and moved. In points. */
export const leastVisible = 80;

/**
 * Where to open the window: where it was, if there is still a display, and no larger than that display.
 * @param workAreas of all displays
 */
export function windowBounds(
  last: WindowBounds | undefined,
  workAreas: readonly Rectangle[],
): Partial<Rectangle> & { width: number; height: number } {
  if (last === undefined) return usualSize;
  const { x, y } = last;
  if (x !== undefined && y !== undefined) {
    // Reduced to the display first: a wider window might reach onto it only with the part that is cut off.
    const there = workAreas.map((area) => ({ area, bounds: { x, y, ...sizeOn(area, last) } }));
    const found = there.find(({ area, bounds }) => isVisibleOn(area, bounds));
    if (found !== undefined) return found.bounds;
  }
  return sizeOn(workAreas[0] ?? { width: Infinity, height: Infinity }, last);
}

type Size = Pick<Rectangle, 'width' | 'height'>;

function sizeOn(area: Size, { width, height }: Size): Size {
  return {
    width: clamp(width, leastSize.minWidth, area.width),
    height: clamp(height, leastSize.minHeight, area.height),
  };
}

function isVisibleOn(area: Rectangle, { x, y, width }: Rectangle): boolean {
  const across = Math.min(x + width, area.x + area.width) - Math.max(x, area.x);
  return across >= leastVisible && y >= area.y && y <= area.y + area.height - leastVisible;
}

function clamp(size: number, least: number, most: number): number {
  return Math.round(Math.max(least, Math.min(size, most)));
}
