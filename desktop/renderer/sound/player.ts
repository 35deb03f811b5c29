import { createContext, useContext, useSyncExternalStore } from 'react';
import { soundUrl } from '../../ipc.ts';
import { type PlayerEvent, type PlayerState, reducePlayer, silence, within } from './player-state.ts';

/** The app's only player. */
export interface Player {
  get(): PlayerState;
  subscribe(listener: () => void): () => void;
  /** Plays the sound of `id` from where it was paused, or pauses it. */
  toggle(id: string): void;
  play(id: string): void;
  pause(): void;
  /** Moves to this time of the current sound, in seconds from its beginning. */
  seek(seconds: number): void;
  /** Skips forwards or, below zero, backwards in the current sound. */
  step(seconds: number): void;
  /** Unloads the sound: any sound, or only that of `id`. */
  stop(id?: string): void;
}

/** @param audio an element that nothing else uses */
export function createPlayer(audio: HTMLAudioElement): Player {
  const listeners = new Set<() => void>();
  let state = silence;

  function happen(event: PlayerEvent): void {
    const next = reducePlayer(state, event);
    if (next === state) return;
    state = next;
    for (const listener of listeners) listener();
  }

  audio.preload = 'auto';
  audio.addEventListener('play', () => happen({ type: 'played' }));
  audio.addEventListener('pause', () => happen({ type: 'paused' }));
  audio.addEventListener('timeupdate', () => happen({ type: 'moved', positionSeconds: audio.currentTime }));
  audio.addEventListener('durationchange', () => happen({ type: 'measured', durationSeconds: audio.duration }));
  audio.addEventListener('ended', () => stop());
  // A sound that cannot be played needs no message: the row says if its file is missing.
  audio.addEventListener('error', () => stop());

  function play(id: string): void {
    if (state.id !== id) {
      happen({ type: 'chosen', id });
      audio.src = soundUrl(id);
    }
    happen({ type: 'played' });
    audio.play().catch(() => happen({ type: 'paused' }));
  }

  function seek(seconds: number): void {
    if (state.id === undefined) return;
    const positionSeconds = within(seconds, state.durationSeconds);
    audio.currentTime = positionSeconds;
    happen({ type: 'moved', positionSeconds });
  }

  function stop(id?: string): void {
    if (state.id === undefined || (id !== undefined && id !== state.id)) return;
    // Before the element is emptied, so that its events about that are ignored.
    happen({ type: 'ended' });
    audio.pause();
    audio.removeAttribute('src');
    audio.load();
  }

  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    toggle(id) {
      if (state.id === id && state.playing) audio.pause();
      else play(id);
    },
    play,
    pause: () => audio.pause(),
    seek,
    step: (seconds) => seek(state.positionSeconds + seconds),
    stop,
  };
}

/** Provided by `main.tsx`. */
export const PlayerContext = createContext<Player | undefined>(undefined);

export function usePlayer(): Player {
  const player = useContext(PlayerContext);
  if (player === undefined) throw new Error('no player: PlayerContext is missing');
  return player;
}

/** The state of the sound of `id`; undefined while it is not the current one. */
export function useHeard(id: string): PlayerState | undefined {
  const player = usePlayer();
  return useSyncExternalStore(player.subscribe, () => (player.get().id === id ? player.get() : undefined));
}
