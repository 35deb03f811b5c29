/** The distance between bars, in CSS pixels. */
export const barDistance = 3;

/** Reduces `peaks` (0–255 each) to `count` bars (0–1 each). The height of a bar is the highest of its peaks. */
export function barsOf(peaks: readonly number[], count: number): readonly number[] {
  if (peaks.length === 0 || count <= 0) return [];
  return Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / count));
    return Math.max(...peaks.slice(from, to)) / 255;
  });
}

/** One path for all bars (0–1 each), mirrored at the middle of `height` pixels. */
export function wavePath(bars: readonly number[], height: number): string {
  const middle = height / 2;
  const most = middle - 1.5;
  return bars
    .map((bar, index) => {
      const half = Math.max(0.5, bar * most);
      return `M${1.5 + index * barDistance} ${(middle - half).toFixed(1)}v${(half * 2).toFixed(1)}`;
    })
    .join('');
}
