import { assertNever } from '../../../shared/errors.ts';
import type { RowState } from '../../ipc.ts';
import type { MessageName } from '../../words/say.ts';
import type { IconName } from '../shell/icon.tsx';

/** The look of a row. `look` is its `data-state` in the style sheet. */
export interface RowLook {
  readonly look: 'working' | 'waiting' | 'offline' | 'done' | 'playing' | 'failed' | 'cancelled' | 'missing';
  readonly icon: IconName;
  /** Its progress line; absent if a button or the waveform is there instead. */
  readonly line: 'moving' | 'held' | 'unknown' | 'none';
  /** Its state, for screen readers. */
  readonly spoken: MessageName;
}

function looks(
  look: RowLook['look'],
  icon: IconName,
  line: RowLook['line'],
  spoken: RowLook['spoken'] = 'listStateWorking',
): RowLook {
  return { look, icon, line, spoken };
}

export function rowLook(state: RowState): RowLook {
  switch (state.kind) {
    case 'reading':
      return looks('working', 'film', 'unknown');
    case 'uploading':
      return looks('working', 'up', 'moving');
    case 'waiting':
      return looks('waiting', 'clock', 'moving', 'listStateWaiting');
    case 'converting':
      return looks('working', 'bars', 'moving');
    case 'saving':
      return looks('working', 'folder', 'moving');
    case 'done':
      return state.missing === true
        ? looks('missing', 'info', 'none', 'listStateMissing')
        : looks('done', 'play', 'none', 'listStateDone');
    case 'unsaved':
      // Only a full disk can get better without the person.
      return looks(state.reason === 'disk_full' ? 'offline' : 'failed', 'alert', 'none', 'listStateUnsaved');
    case 'paused':
      return looks('waiting', 'pause', 'none', 'listStatePaused');
    case 'offline_uploading':
      return looks('offline', 'offline', 'held', 'listStateOffline');
    case 'offline_converting':
      return looks('waiting', 'bars', 'held', 'listStateOffline');
    case 'signed_out':
      return looks('offline', 'lock', 'none', 'listStateSignedOut');
    case 'cancelled':
      return looks('cancelled', 'slash', 'none', 'listCancelled');
    case 'failed':
      return looks('failed', 'alert', 'none', 'listStateFailed');
    default:
      return assertNever(state);
  }
}

/** Whether there is an MP3 that can be played, dragged and copied. */
export function hasSound(state: RowState): boolean {
  return state.kind === 'done' && state.missing !== true;
}
