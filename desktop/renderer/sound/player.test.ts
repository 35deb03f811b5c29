import { describe, expect, it } from 'vitest';
import { createPlayer } from './player.ts';
import { type PlayerEvent, type PlayerState, reducePlayer, silence } from './player-state.ts';
import { barsOf, wavePath } from './wave-path.ts';

const played = (...events: PlayerEvent[]): PlayerState => events.reduce(reducePlayer, silence);
const chosen: PlayerEvent = { type: 'chosen', id: 'a' };

describe('the state of the player', () => {
  it('changes to another sound, from its beginning, when that is chosen', () => {
    const state = played(
      chosen,
      { type: 'measured', durationSeconds: 60 },
      { type: 'moved', positionSeconds: 12 },
      { type: 'chosen', id: 'b' },
    );
    expect(state).toEqual({ id: 'b', playing: false, positionSeconds: 0 });
  });

  it('resumes where it was paused', () => {
    const state = played(
      chosen,
      { type: 'played' },
      { type: 'moved', positionSeconds: 12 },
      { type: 'paused' },
      chosen,
    );
    expect(state).toEqual({ id: 'a', playing: false, positionSeconds: 12 });
  });

  it('keeps the position within the sound', () => {
    const measured: PlayerEvent = { type: 'measured', durationSeconds: 60 };
    expect(played(chosen, measured, { type: 'moved', positionSeconds: 99 }).positionSeconds).toBe(60);
    expect(played(chosen, measured, { type: 'moved', positionSeconds: -3 }).positionSeconds).toBe(0);
    expect(played(chosen, measured, { type: 'moved', positionSeconds: Number.NaN }).positionSeconds).toBe(0);
  });

  it('ignores a length that is not finite', () => {
    expect(played(chosen, { type: 'measured', durationSeconds: Number.POSITIVE_INFINITY })).not.toHaveProperty(
      'durationSeconds',
    );
    expect(played(chosen, { type: 'measured', durationSeconds: Number.NaN })).not.toHaveProperty('durationSeconds');
  });

  it('is silence after the end, whatever the element reports then', () => {
    const after = played(chosen, { type: 'played' }, { type: 'ended' });
    expect(after).toBe(silence);
    expect(reducePlayer(after, { type: 'played' })).toBe(silence);
    expect(reducePlayer(after, { type: 'moved', positionSeconds: 3 })).toBe(silence);
  });
});

/** The part of an audio element that the player uses. */
function audioOf() {
  const target = new EventTarget();
  const audio = Object.assign(target, {
    src: '',
    preload: '',
    currentTime: 0,
    duration: 60,
    async play() {
      await Promise.resolve();
      target.dispatchEvent(new Event('play'));
    },
    pause: () => target.dispatchEvent(new Event('pause')),
    load: () => undefined,
    removeAttribute() {
      audio.src = '';
    },
  });
  return audio;
}

describe('the player', () => {
  function open() {
    const audio = audioOf();
    const player = createPlayer(audio as unknown as HTMLAudioElement);
    return { audio, player };
  }

  it('plays a row through our own scheme, and pauses it when asked again', () => {
    const { audio, player } = open();
    player.toggle('a/b');
    expect(audio.src).toBe('soundlift-sound://row/a%2Fb');
    expect(player.get()).toMatchObject({ id: 'a/b', playing: true });
    player.toggle('a/b');
    expect(player.get()).toMatchObject({ id: 'a/b', playing: false });
  });

  it('skips only within the current sound', () => {
    const { audio, player } = open();
    player.step(5);
    expect(audio.currentTime).toBe(0);
    player.play('a');
    audio.dispatchEvent(new Event('durationchange'));
    player.seek(58);
    player.step(5);
    expect(audio.currentTime).toBe(60);
    player.step(-100);
    expect(audio.currentTime).toBe(0);
  });

  it('unloads a removed sound, and no other', () => {
    const { audio, player } = open();
    player.play('a');
    player.stop('b');
    expect(player.get().id).toBe('a');
    player.stop('a');
    expect(player.get()).toEqual(silence);
    expect(audio.src).toBe('');
  });

  it('is silent after the end, and if a sound cannot be played', () => {
    for (const name of ['ended', 'error']) {
      const { audio, player } = open();
      player.play('a');
      audio.dispatchEvent(new Event(name));
      expect(player.get()).toEqual(silence);
    }
  });
});

describe('the waveform', () => {
  it('gives each bar the highest of its peaks', () => {
    expect(barsOf([0, 255, 51, 0], 2)).toEqual([1, 0.2]);
    expect(barsOf([255], 3)).toEqual([1, 1, 1]);
    expect(barsOf([], 3)).toEqual([]);
  });

  it('mirrors each bar at the middle, and draws silence as a dot', () => {
    expect(wavePath([1, 0], 28)).toBe('M1.5 1.5v25.0M4.5 13.5v1.0');
  });
});
