import { describe, expect, it } from 'vitest';
import { findByName } from './find-by-name.ts';
import { type KeyPress, listKey, windowKey } from './list-keys.ts';

/** `Ctrl+Shift+P` as a press. */
function press(keys: string): KeyPress {
  const parts = keys.split('+');
  return {
    key: parts.at(-1) ?? '',
    ctrlKey: parts.includes('Ctrl'),
    metaKey: parts.includes('Cmd'),
    shiftKey: parts.includes('Shift'),
    altKey: parts.includes('Alt'),
  };
}

describe('the keys of the list', () => {
  it.each([
    ['ArrowUp', 'up'],
    ['ArrowDown', 'down'],
    ['Home', 'first'],
    ['End', 'last'],
    ['ArrowRight', 'next_control'],
    ['ArrowLeft', 'previous_control'],
    [' ', 'play'],
    ['Shift+ArrowRight', 'on'],
    ['Shift+ArrowLeft', 'back'],
    ['Enter', 'act'],
    ['Delete', 'way_out'],
    ['ContextMenu', 'menu'],
    ['Shift+F10', 'menu'],
    ['Ctrl+c', 'copy'],
    ['Cmd+c', undefined],
    ['Cmd+Backspace', undefined],
    ['Ctrl+Backspace', undefined],
    ['Ctrl+ArrowDown', undefined],
    ['Alt+ArrowLeft', undefined],
    ['Tab', undefined],
    ['Shift+Delete', undefined],
  ])('on Linux and Windows, %s is %s', (keys, expected) => {
    expect(listKey(press(keys), 'linux')).toBe(expected);
    expect(listKey(press(keys), 'windows')).toBe(expected);
  });

  it.each([
    ['Cmd+c', 'copy'],
    ['Ctrl+c', undefined],
    ['Cmd+Backspace', 'way_out'],
    ['Backspace', undefined],
    ['Delete', 'way_out'],
  ])('on macOS, %s is %s', (keys, expected) => {
    expect(listKey(press(keys), 'macos')).toBe(expected);
  });

  it('accepts letters of any script as the beginning of a name', () => {
    for (const letter of ['k', 'Ž', 'م', '7', '動']) expect(listKey(press(letter), 'linux')).toEqual({ letter });
    expect(listKey(press('Shift+K'), 'linux')).toEqual({ letter: 'K' });
  });
});

describe('the keys of the window', () => {
  it.each([
    ['o', 'choose_videos'],
    [',', 'settings'],
    ['1', 'now'],
    ['2', 'history'],
    ['f', 'find'],
    ['Shift+P', 'pause_or_continue'],
    ['z', 'undo'],
    ['v', 'paste'],
    ['w', undefined],
    ['q', undefined],
  ])('the command key with %s is %s', (key, expected) => {
    expect(windowKey(press(`Ctrl+${key}`), 'linux', false)).toBe(expected);
    expect(windowKey(press(`Cmd+${key}`), 'macos', false)).toBe(expected);
    expect(windowKey(press(`Ctrl+${key}`), 'macos', false)).toBeUndefined();
    expect(windowKey(press(`Cmd+${key}`), 'windows', false)).toBeUndefined();
  });

  it('leaves undo and paste to a text field', () => {
    expect(windowKey(press('Ctrl+z'), 'linux', true)).toBeUndefined();
    expect(windowKey(press('Ctrl+v'), 'linux', true)).toBeUndefined();
    expect(windowKey(press('Ctrl+f'), 'linux', true)).toBe('find');
  });

  it('closes with Escape', () => {
    expect(windowKey(press('Escape'), 'macos', true)).toBe('close');
  });
});

describe('typing the beginning of a name', () => {
  const names = ['Éclair.mp4', 'Garden.mp4', 'holiday 1.mp4', 'Holiday 2.mp4', 'egg.mp4'];

  it('finds the next one, ignoring case and accents', () => {
    expect(findByName(names, 0, 'h')).toBe(2);
    expect(findByName(names, 2, 'h')).toBe(3);
    expect(findByName(names, 4, 'e')).toBe(0);
    expect(findByName(names, 4, 'ecl')).toBe(0);
    expect(findByName(names, 4, 'ÉGG')).toBe(4);
  });

  it('continues at the top, and the same letter goes through all matches', () => {
    expect(findByName(names, 3, 'h')).toBe(2);
    expect(findByName(names, 2, 'hh')).toBe(3);
  });

  it('stays on the row if more letters still match', () => {
    expect(findByName(names, 2, 'ho')).toBe(2);
    expect(findByName(names, 2, 'holiday 2')).toBe(3);
  });

  it('finds nothing if no name begins with the letters', () => {
    expect(findByName(names, 0, 'x')).toBeUndefined();
    expect(findByName([], 0, 'x')).toBeUndefined();
  });
});
