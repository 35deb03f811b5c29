import type { Row, Summary } from '../../ipc.ts';
import { steadyTimeLeft, type TimeLeft } from './time-left.ts';

/** The speed is measured over this many of the last seconds. */
const windowSeconds = 20;

const atRest: ReadonlySet<Row['state']['kind']> = new Set(['done', 'failed', 'cancelled']);
/** A row that is paused with the list is none of these. */
const goingOn: ReadonlySet<Row['state']['kind']> = new Set(['reading', 'uploading', 'waiting', 'converting', 'saving']);
const away: ReadonlySet<Row['state']['kind']> = new Set(['offline_uploading', 'offline_converting', 'signed_out']);

/** Summarizes the list, and estimates the time left from its recent speed. */
export interface SummaryMeter {
  /** @param now monotonic, in seconds */
  read(rows: Iterable<Row>, isPaused: boolean, now: number): Summary;
}

export function createSummaryMeter(): SummaryMeter {
  const samples: { readonly at: number; readonly fraction: number; readonly weight: number }[] = [];
  let steady: TimeLeft | undefined;

  function leftSeconds(fraction: number, weight: number, now: number): number | undefined {
    // With rows added or removed, the speed must be measured anew.
    if (steady === undefined || samples.at(-1)?.weight !== weight) {
      samples.length = 0;
      steady = steadyTimeLeft(now);
    }
    samples.push({ at: now, fraction, weight });
    while ((samples[1]?.at ?? now) <= now - windowSeconds) samples.shift();
    const [first] = samples;
    const gained = first === undefined ? 0 : fraction - first.fraction;
    const seconds = first !== undefined && gained > 0 ? ((1 - fraction) * (now - first.at)) / gained : undefined;
    return steady.read(seconds, now);
  }

  return {
    read(rows, isPaused, now) {
      const counted = countRows(rows);
      const { total, done, failed, unfinished, finishing, weight, reached, isAllAway, savedSeconds, savedBytes } =
        counted;
      const fraction = weight > 0 ? reached / weight : 0;
      const mode = modeOf(total, unfinished, isPaused, isAllAway);
      const left = mode === 'working' ? leftSeconds(fraction, weight, now) : undefined;
      return {
        mode,
        total,
        done,
        failed,
        unfinished,
        ...(mode === 'paused' && finishing > 0 ? { finishing } : {}),
        fraction: unfinished === 0 && total > 0 ? 1 : fraction,
        savedSeconds,
        savedBytes,
        ...(left === undefined ? {} : { leftSeconds: left }),
      };
    },
  };
}

/** Cancelled rows do not count. */
function countRows(rows: Iterable<Row>) {
  const count = { total: 0, done: 0, failed: 0, unfinished: 0, finishing: 0, weight: 0, reached: 0 };
  const saved = { savedSeconds: 0, savedBytes: 0 };
  let isAllAway = true;
  for (const { state, weight, fraction = 0, durationSeconds = 0, resultBytes = 0 } of rows) {
    if (state.kind === 'cancelled') continue;
    count.total += 1;
    if (state.kind === 'failed') {
      count.failed += 1;
      continue;
    }
    count.weight += weight;
    count.reached += weight * fraction;
    if (state.kind === 'done') {
      count.done += 1;
      saved.savedSeconds += durationSeconds;
      saved.savedBytes += resultBytes;
    } else count.unfinished += 1;
    if (goingOn.has(state.kind)) count.finishing += 1;
    if (!atRest.has(state.kind) && !away.has(state.kind)) isAllAway = false;
  }
  return { ...count, ...saved, isAllAway };
}

function modeOf(total: number, unfinished: number, isPaused: boolean, isAllAway: boolean): Summary['mode'] {
  if (total === 0) return 'empty';
  if (unfinished === 0) return 'finished';
  if (isAllAway) return 'offline';
  return isPaused ? 'paused' : 'working';
}
