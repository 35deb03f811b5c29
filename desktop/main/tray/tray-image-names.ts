import type { System } from '../../ipc.ts';

/** What the tray's image shows. `fraction`: overall progress, 0–1. */
export type TrayMark =
  | { readonly kind: 'idle' | 'done' | 'error' }
  | { readonly kind: 'working'; readonly fraction: number };

/** Per cent between two images of the ring. */
const stepPercent = 5;

/** The drawn rings. An empty ring would look like none, a full one like done. */
export const ringPercents: readonly number[] = Array.from({ length: 19 }, (_, index) => (index + 1) * stepPercent);

/**
 * The name of an image in the tray's folder (`dist/tray`), for `nativeImage.createFromPath`, which also finds the sharper ones (`@2x`). macOS
 * colours its template images itself. On other systems, `onDark` says whether the taskbar or panel is dark.
 */
export function trayImageName(mark: TrayMark, system: System, onDark: boolean): string {
  const name = mark.kind === 'working' ? `working-${ringPercent(mark.fraction)}` : mark.kind;
  const colour = onDark ? 'white' : 'black';
  switch (system) {
    case 'macos':
      return `${name}Template.png`;
    case 'windows':
      return `${name}-${colour}.ico`;
    case 'linux':
      return `${name}-${colour}.png`;
  }
}

function ringPercent(fraction: number): string {
  const percent = Math.floor((fraction * 100) / stepPercent + 1e-9) * stepPercent;
  const [first = 5] = ringPercents;
  const last = ringPercents.at(-1) ?? 95;
  return String(Number.isFinite(percent) ? Math.min(last, Math.max(first, percent)) : first).padStart(2, '0');
}
