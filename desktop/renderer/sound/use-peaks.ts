import { useEffect, useState } from 'react';
import { useSoundlift } from '../store/app-store.ts';

/** The peaks of the latest sounds that were shown, 400 numbers each. */
const keptPeaks = 500;
const kept = new Map<string, readonly number[]>();

function keep(id: string, peaks: readonly number[]): void {
  kept.set(id, peaks);
  for (const oldest of kept.keys()) {
    if (kept.size <= keptPeaks) break;
    kept.delete(oldest);
  }
}

/** The peaks of a row or of an item of the history, 0–255 each. Empty until they are loaded. */
export function usePeaks(id: string): readonly number[] | undefined {
  const soundlift = useSoundlift();
  const [, drawAgain] = useState(0);
  const peaks = kept.get(id);

  useEffect(() => {
    if (peaks !== undefined) return undefined;
    let left = false;
    soundlift.peaks(id).then(
      (answer) => {
        // After a failure, they are asked for again the next time the row comes into view.
        if (answer.length > 0) keep(id, answer);
        if (!left) drawAgain((count) => count + 1);
      },
      () => undefined,
    );
    return () => {
      left = true;
    };
  }, [soundlift, id, peaks]);

  return peaks;
}
