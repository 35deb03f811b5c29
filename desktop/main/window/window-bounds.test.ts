import fc from 'fast-check';
import { expect, it } from 'vitest';
import { leastSize, leastVisible, usualSize, windowBounds } from './window-bounds.ts';

const display = { x: 0, y: 0, width: 1920, height: 1040 };
const right = { x: 1920, y: 0, width: 1280, height: 720 };
const last = { x: 100, y: 50, width: 1000, height: 700, maximized: false };

it.each([
  ['the first time', undefined, [display], usualSize],
  ['where it was', last, [display], { x: 100, y: 50, width: 1000, height: 700 }],
  ['on the second display', { ...last, x: 2000 }, [display, right], { x: 2000, y: 50, width: 1000, height: 700 }],
  ['whose display is gone', { ...last, x: 2000 }, [display], { width: 1000, height: 700 }],
  ['above all displays', { ...last, y: -300 }, [display], { width: 1000, height: 700 }],
  [
    'larger than the display',
    { ...last, width: 5000, height: 3000 },
    [display],
    { x: 100, y: 50, width: 1920, height: 1040 },
  ],
  [
    'that reaches onto the display only with what is cut off',
    { ...last, x: -1920, width: 2000 },
    [display],
    { width: 1920, height: 700 },
  ],
  ['too small', { ...last, width: 100, height: 10 }, [display], { x: 100, y: 50, width: 480, height: 420 }],
  ['that had no place', { width: 800, height: 600, maximized: true }, [display], { width: 800, height: 600 }],
  ['without any display', last, [], { width: 1000, height: 700 }],
])('a window %s', (_name, kept, areas, bounds) => {
  expect(windowBounds(kept, areas)).toEqual(bounds);
});

it('a window is never too small, and always partly on a display', () => {
  const number = fc.integer({ min: -5000, max: 5000 });
  fc.assert(
    fc.property(number, number, number, number, (x, y, width, height) => {
      const bounds = windowBounds({ x, y, width, height, maximized: false }, [display, right]);
      expect(bounds.width).toBeGreaterThanOrEqual(leastSize.minWidth);
      expect(bounds.height).toBeGreaterThanOrEqual(leastSize.minHeight);
      const { x: left, y: top } = bounds;
      if (left === undefined || top === undefined) return;
      const isFound = [display, right].some((area) => {
        const across = Math.min(left + bounds.width, area.x + area.width) - Math.max(left, area.x);
        return across >= leastVisible && top >= area.y && top + leastVisible <= area.y + area.height;
      });
      expect(isFound).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
