import type { Summary } from '../../ipc.ts';
import { atMostEvery } from './at-most-every.ts';

export interface ShowProgressParts {
  /** @param fraction 0–1; undefined removes the bar */
  readonly setProgress: (fraction: number | undefined, mode: 'normal' | 'paused' | 'error') => void;
  /** The dock's badge: 0 removes it. */
  readonly setBadge: (count: number) => void;
}

/** Shows the summary in the taskbar and the dock, when it looks different from before. */
export interface ShownProgress extends Disposable {
  show(summary: Summary): void;
}

/** The taskbar and the dock are changed at most this often. */
const showEveryMilliseconds = 1000;

export function showProgress({ setProgress, setBadge }: ShowProgressParts): ShownProgress {
  let lastProgress = '';
  let lastBadge = 0;

  function drawProgress({ mode, fraction, failed }: Summary): void {
    const isGoing = mode === 'working' || mode === 'paused' || mode === 'offline';
    const rounded = isGoing ? Math.round(fraction * 100) / 100 : undefined;
    const look = mode === 'working' ? (failed > 0 ? 'error' : 'normal') : 'paused';
    const next = `${rounded} ${look}`;
    if (next === lastProgress) return;
    lastProgress = next;
    setProgress(rounded, look);
  }

  const showing = atMostEvery<Summary>(showEveryMilliseconds, (now) => {
    drawProgress(now);
    if (now.failed === lastBadge) return;
    lastBadge = now.failed;
    setBadge(now.failed);
  });

  return { show: showing.run, [Symbol.dispose]: showing[Symbol.dispose] };
}
