import { v7 as uuid } from 'uuid';
import type { ConversionState } from '../../shared/api.ts';
import type { ConversionRow } from './conversion-store.ts';

/** The time at which every example was made. */
export const exampleTime = '2026-05-04T03:02:01.000Z';

/** A conversion that has just started, with a new id; `given` overrides fields. For tests. */
export function exampleConversion(given: Partial<ConversionRow> = {}): ConversionRow {
  return {
    id: uuid(),
    owner: 'anna',
    state: 'queued',
    attempt: 1,
    revision: 1,
    fileName: 'talk.mp4',
    source: { kind: 'blob' },
    sourceBytes: 1000,
    options: { format: 'mp3' },
    progress: 0,
    lostLeases: 0,
    warnings: [],
    createdAt: exampleTime,
    updatedAt: exampleTime,
    ...given,
  };
}

/** A conversion that has ended, with all fields set. For tests. */
export function exampleEnded(
  state: Extract<ConversionState, 'done' | 'failed' | 'cancelled'>,
  given: Partial<ConversionRow> = {},
): ConversionRow {
  return exampleConversion({
    state,
    endedAt: exampleTime,
    ...(state === 'done'
      ? {
          progress: 1,
          result: { fileName: 'talk.mp3', bytes: 500, durationSeconds: 61.5, sha256: 'ab', peaks: [0, 7, 255] },
        }
      : {}),
    ...(state === 'failed' ? { error: { code: 'no_audio', message: 'There is no sound in this video.' } } : {}),
    ...given,
  });
}
