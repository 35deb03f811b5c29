import { assertNever } from '../../../shared/errors.ts';

/** The current sound, of a row or of an item of the history. */
export interface PlayerState {
  /** Id of the row or item; absent if there is no sound. */
  readonly id?: string;
  readonly playing: boolean;
  readonly positionSeconds: number;
  /** The length from the sound's metadata, once known. */
  readonly durationSeconds?: number;
}

export const silence: PlayerState = { playing: false, positionSeconds: 0 };

export type PlayerEvent =
  | { readonly type: 'chosen'; readonly id: string }
  | { readonly type: 'played' }
  | { readonly type: 'paused' }
  | { readonly type: 'moved'; readonly positionSeconds: number }
  | { readonly type: 'measured'; readonly durationSeconds: number }
  /** It has ended, cannot be played, or was removed. */
  | { readonly type: 'ended' };

/** Returns the same object if the event changes nothing. */
export function reducePlayer(state: PlayerState, event: PlayerEvent): PlayerState {
  switch (event.type) {
    case 'chosen':
      return event.id === state.id ? state : { id: event.id, playing: false, positionSeconds: 0 };
    case 'played':
      return state.id === undefined || state.playing ? state : { ...state, playing: true };
    case 'paused':
      return state.playing ? { ...state, playing: false } : state;
    case 'moved': {
      const positionSeconds = within(event.positionSeconds, state.durationSeconds);
      return state.id === undefined || positionSeconds === state.positionSeconds
        ? state
        : { ...state, positionSeconds };
    }
    case 'measured':
      // Chromium reports Infinity for a stream of unknown length.
      return state.id === undefined || !Number.isFinite(event.durationSeconds) || event.durationSeconds <= 0
        ? state
        : { ...state, durationSeconds: event.durationSeconds };
    case 'ended':
      return state.id === undefined ? state : silence;
    default:
      return assertNever(event);
  }
}

/** Limits `seconds` to a sound of that length. */
export function within(seconds: number, durationSeconds: number | undefined): number {
  if (!Number.isFinite(seconds)) return 0;
  return Math.max(0, Math.min(seconds, durationSeconds ?? Number.POSITIVE_INFINITY));
}
