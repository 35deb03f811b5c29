import { createContext, useContext, useSyncExternalStore } from 'react';
import { soundUrl } from '../../ipc.ts';
import { type PlayerEvent, type PlayerState, reducePlayer, silence, within } from './player-state.ts';

/** The app's one player. */
export interface Player {
  get(): PlayerState;
  subscribe(listener: () => void): () => void;
  /** Plays the sound of `id` where it was left, or pauses it. */
  toggle(id: string): void;
  play(id: string): void;
  pause(): void;
  /** Of the current sound, from its beginning. */
  seek(seconds: number): void;
  /** On or, below zero, back in the current sound. */
  step(seconds: number): void;
  /** Lets go of the sound: always, or only when it is that of `id`. */
  stop(id?: string): void;
}

/** @param audio an element of its own, which nobody else touches */
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
  // A sound that cannot be heard is not the app's trouble: the row says so when its file is missing.
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
    // First, so that what the element tells of its emptying is about nothing any more.
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

/** Given by `main.tsx`. */
export const PlayerContext = createContext<Player | undefined>(undefined);

export function usePlayer(): Player {
  const player = useContext(PlayerContext);
  if (player === undefined) throw new Error('no player: PlayerContext is missing');
  return player;
}

/** How the sound of `id` is heard; undefined while it is not the current one. */
export function useHeard(id: string): PlayerState | undefined {
  const player = usePlayer();
  return useSyncExternalStore(player.subscribe, () => (player.get().id === id ? player.get() : undefined));
}
