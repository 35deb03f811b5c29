import type { Rectangle } from 'electron';
import type { WindowPlace } from '../settings/settings-store.ts';

export const usualSize = { width: 920, height: 640 } as const;
export const leastSize = { minWidth: 480, minHeight: 420 } as const;

/** So much of a window must be on a display for it to be found and moved, in points. */
const leastVisible = 80;

/**
 * Where a window that was there before is to be opened: at its place, if a display is still there, and no larger than that.
 * @param workAreas of all displays
 */
export function windowBounds(
  place: WindowPlace | undefined,
  workAreas: readonly Rectangle[],
): Partial<Rectangle> & { width: number; height: number } {
  if (place === undefined) return usualSize;
  const { x, y } = place;
  const area = x === undefined || y === undefined ? undefined : workAreas.find((each) => isVisibleOn(each, place));
  const most = area ?? workAreas[0] ?? { width: Infinity, height: Infinity };
  const width = clamp(place.width, leastSize.minWidth, most.width);
  const height = clamp(place.height, leastSize.minHeight, most.height);
  return area === undefined || x === undefined || y === undefined ? { width, height } : { x, y, width, height };
}

function isVisibleOn(area: Rectangle, { x = 0, y = 0, width }: WindowPlace): boolean {
  const across = Math.min(x + width, area.x + area.width) - Math.max(x, area.x);
  return across >= leastVisible && y >= area.y && y <= area.y + area.height - leastVisible;
}

function clamp(size: number, least: number, most: number): number {
  return Math.round(Math.max(least, Math.min(size, most)));
}
