import type { ReactNode } from 'react';

const bars = [
  'M12 42v-3',
  'M31 42V28',
  'M50 42V33',
  'M69 42V13',
  'M88 42V4',
  'M107 42V20',
  'M126 42V31',
  'M145 42V24',
  'M164 42v-5',
];
const holes = [67, 125].flatMap((y) => [12, 31, 50, 69, 88, 107, 126, 145, 164].map((x) => `M${x} ${y}h0`)).join('');

/** A film whose upper holes become the bars of a sound when something is about to be dropped. */
export function Motif(): ReactNode {
  return (
    <svg className="motif" viewBox="0 0 176 136" aria-hidden="true">
      <rect y="56" width="176" height="80" rx="7" />
      <path className="holes" d={holes} />
      <path className="frames" d="M0 78h30v36H0zM36 78h50v36H36zM92 78h50v36H92zM148 78h28v36h-28z" />
      <g className="bars">
        {bars.map((bar) => (
          <path key={bar} pathLength="1" d={bar} />
        ))}
      </g>
    </svg>
  );
}
