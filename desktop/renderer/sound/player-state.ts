import { assertNever } from '../../../shared/errors.ts';

/** What is heard: one sound at most, of a row or of an item of the history. */
export interface PlayerState {
  /** Whose sound it is; absent when there is none. */
  readonly id?: string;
  readonly playing: boolean;
  readonly positionSeconds: number;
  /** As the sound itself tells, once it does. */
  readonly durationSeconds?: number;
}

export const silence: PlayerState = { playing: false, positionSeconds: 0 };

export type PlayerEvent =
  | { readonly type: 'chosen'; readonly id: string }
  | { readonly type: 'played' }
  | { readonly type: 'paused' }
  | { readonly type: 'moved'; readonly positionSeconds: number }
  | { readonly type: 'measured'; readonly durationSeconds: number }
  /** It came to its end, could not be heard, or has gone. */
  | { readonly type: 'ended' };

/** The same state where an event changes nothing. */
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
      // Chromium says Infinity of a stream whose length it does not know.
      return state.id === undefined || !Number.isFinite(event.durationSeconds) || event.durationSeconds <= 0
        ? state
        : { ...state, durationSeconds: event.durationSeconds };
    case 'ended':
      return state.id === undefined ? state : silence;
    default:
      return assertNever(event);
  }
}

/** `seconds` within a sound of that length. */
export function within(seconds: number, durationSeconds: number | undefined): number {
  if (!Number.isFinite(seconds)) return 0;
  return Math.max(0, Math.min(seconds, durationSeconds ?? Number.POSITIVE_INFINITY));
}
