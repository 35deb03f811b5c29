import type { MenuItemConstructorOptions } from 'electron';
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import type { Summary, System } from '../../ipc.ts';
import { emptySummary as idle } from '../../tests/app-state.ts';
import { type AppTrayParts, openAppTray } from './app-tray.ts';
import { trayMark, trayMenu, trayTitle } from './tray-look.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const working: Summary = {
  ...idle,
  mode: 'working',
  total: 7,
  done: 3,
  unfinished: 4,
  fraction: 0.42,
  leftSeconds: 240,
};
const finished: Summary = { ...idle, mode: 'finished', total: 8, done: 7, failed: 1, fraction: 1 };
const seen = { isDone: false, hasFailed: false };

test.each([
  ['nothing', idle, seen, { kind: 'idle' }],
  ['work', working, { isDone: true, hasFailed: true }, { kind: 'working', fraction: 0.42 }],
  ['work that is paused', { ...working, mode: 'paused' }, seen, { kind: 'working', fraction: 0.42 }],
  ['work that waits for a connection', { ...working, mode: 'offline' }, seen, { kind: 'working', fraction: 0.42 }],
  ['what is done and was not seen', finished, { isDone: true, hasFailed: false }, { kind: 'done' }],
  ['a failure that was not seen', finished, { isDone: true, hasFailed: true }, { kind: 'error' }],
  ['what was seen', finished, seen, { kind: 'idle' }],
] as const)('the image shows %s', (_what, summary, unseen, mark) => {
  expect(trayMark(summary, unseen)).toEqual(mark);
});

test.each([
  [idle, 'Soundlift'],
  [working, '3 of 7 done, about 4 min left'],
  [{ ...working, mode: 'paused' }, 'Paused, 3 of 7 done'],
  [{ ...working, mode: 'paused', finishing: 1 }, 'Pausing after 1 video, 3 of 7 done'],
  [{ ...working, mode: 'offline' }, 'No connection, 3 of 7 done'],
  [finished, '7 MP3s saved, 1 failed'],
  [{ ...finished, done: 1, failed: 0 }, '1 MP3 saved'],
] as const)('%j is “%s”', (summary, title) => {
  expect(trayTitle(summary)).toBe(title);
});

const nothing = (): void => undefined;
const noActions = {
  showFile: nothing,
  pauseAll: nothing,
  continueAll: nothing,
  chooseVideos: nothing,
  openApp: nothing,
  openSettings: nothing,
  quit: nothing,
};
const recent = [{ name: 'Rhythm & blues.mp3', file: '/music/Rhythm & blues.mp3' }];
const written = ({ type, label, accelerator }: MenuItemConstructorOptions): string =>
  type === 'separator' ? '—' : [label, accelerator].filter((part) => part !== undefined).join('  ');

test.each([
  [
    'macos',
    working,
    [
      '3 of 7 done, about 4 min left',
      '—',
      'Rhythm & blues.mp3',
      '—',
      'Pause All',
      'Choose Videos…  Command+O',
      'Open Soundlift',
      '—',
      'Settings…  Command+,',
      '—',
      'Quit Soundlift  Command+Q',
    ],
  ],
  [
    'windows',
    finished,
    [
      '7 MP3s saved, 1 failed',
      '—',
      'Rhythm && blues.mp3',
      '—',
      'Open Soundlift',
      'Choose videos…',
      'Settings…',
      '—',
      'Quit',
    ],
  ],
  [
    'linux',
    { ...working, mode: 'paused' },
    [
      'Paused, 3 of 7 done',
      '—',
      'Rhythm && blues.mp3',
      '—',
      'Open Soundlift',
      'Resume',
      'Choose videos…',
      'Settings…',
      '—',
      'Quit',
    ],
  ],
] as const)('the menu on %s', (system, summary, items) => {
  expect(trayMenu(system, summary, recent, noActions).map(written)).toEqual(items);
});

/** A tray that records each call. */
function recordTray(system: System, hasTray = true) {
  const calls: string[] = [];
  const heard = new Map<string, (...args: unknown[]) => void>();
  const themed = new Map<string, () => void>();
  const theme = { shouldUseDarkColors: true };
  const done: string[] = [];
  let menu: readonly MenuItemConstructorOptions[] = [];
  const Tray = class {
    constructor(image: unknown) {
      if (!hasTray) throw new Error('there is no tray');
      calls.push(`new ${String(image)}`);
    }
    on(name: string, listener: (...args: unknown[]) => void): void {
      heard.set(name, listener);
    }
    setImage = (image: unknown): void => void calls.push(`image ${String(image)}`);
    setToolTip = (text: string): void => void calls.push(`tooltip ${text}`);
    setContextMenu = (): void => void calls.push('menu');
    isDestroyed = (): boolean => false;
    destroy = (): void => void calls.push('destroy');
  };
  const act =
    (name: string) =>
    (...args: unknown[]): void =>
      void done.push([name, ...args].join(' '));
  const parts = {
    system,
    Tray,
    Menu: {
      buildFromTemplate: (template: readonly MenuItemConstructorOptions[]) => {
        menu = template;
        return template;
      },
    },
    nativeImage: { createFromPath: (path: string) => path.replace('/images/', '') },
    nativeTheme: {
      get shouldUseDarkColors() {
        return theme.shouldUseDarkColors;
      },
      on: (name: string, listener: () => void) => themed.set(name, listener),
      off: (name: string) => themed.delete(name),
    },
    imagesFolder: '/images',
    actions: {
      showFile: act('showFile'),
      pauseAll: act('pauseAll'),
      continueAll: act('continueAll'),
      chooseVideos: act('chooseVideos'),
      openApp: act('openApp'),
      openSettings: act('openSettings'),
      quit: act('quit'),
    },
    onDrop: act('drop'),
    onDefect: (error: unknown) => done.push(String(error)),
  } as unknown as AppTrayParts;
  return { tray: openAppTray(parts), calls, heard, themed, theme, done, menu: () => menu };
}

describe('the tray, by system', () => {
  it.each([
    ['macos', 'idleTemplate.png', 'working-40Template.png', ['double-click', 'drop-files']],
    ['windows', 'idle-white.ico', 'working-40-white.ico', ['double-click', 'click', 'drop-files']],
    ['linux', 'idle-white.png', 'working-40-white.png', ['double-click', 'click', 'drop-files']],
  ] as const)('on %s', (system, first, ring, events) => {
    const { tray, calls, heard, done } = recordTray(system);
    tray.draw(working, seen, []);
    tray[Symbol.dispose]();
    expect(calls).toEqual([
      `new ${first}`,
      `image ${ring}`,
      'tooltip 3 of 7 done, about 4 min left',
      'menu',
      'destroy',
    ]);
    expect([...heard.keys()]).toEqual(events);
    heard.get('double-click')?.();
    heard.get('drop-files')?.({}, ['/videos/a.mp4', '/videos/b.mp4']);
    expect(done).toEqual(['openApp', 'drop /videos/a.mp4,/videos/b.mp4']);
  });

  it('is redrawn at most once a second, and only if it looks different', () => {
    const { tray, calls } = recordTray('linux');
    for (const fraction of [0.42, 0.43, 0.51]) tray.draw({ ...working, fraction }, seen, []);
    expect(calls.filter((call) => call.startsWith('image'))).toEqual(['image working-40-white.png']);
    vi.advanceTimersByTime(1000);
    expect(calls.filter((call) => call.startsWith('image'))).toHaveLength(2);
    tray.draw({ ...working, fraction: 0.52 }, seen, []);
    vi.advanceTimersByTime(5000);
    expect(calls.filter((call) => call.startsWith('image'))).toHaveLength(2);
    expect(calls.filter((call) => call === 'menu')).toHaveLength(1);
    tray[Symbol.dispose]();
  });

  it.each([
    ['windows', ['image idle-white.ico', 'image idle-black.ico']],
    ['macos', ['image idleTemplate.png']],
  ] as const)('follows the colour of the taskbar, except on systems that do this: %s', (system, images) => {
    const { tray, calls, theme, themed } = recordTray(system);
    tray.draw(idle, seen, []);
    theme.shouldUseDarkColors = false;
    themed.get('updated')?.();
    vi.advanceTimersByTime(1000);
    expect(calls.filter((call) => call.startsWith('image'))).toEqual(images);
    tray[Symbol.dispose]();
    expect(themed.size).toBe(0);
  });

  it('does what its menu says', () => {
    const { tray, menu, done } = recordTray('linux');
    tray.draw(working, seen, recent);
    for (const { click } of menu()) (click as (() => void) | undefined)?.();
    expect(done).toEqual([
      'showFile /music/Rhythm & blues.mp3',
      'openApp',
      'pauseAll',
      'chooseVideos',
      'openSettings',
      'quit',
    ]);
    tray[Symbol.dispose]();
  });

  it('is optional: the app works without one', () => {
    const { tray, done } = recordTray('linux', false);
    tray.draw(working, seen, []);
    tray[Symbol.dispose]();
    expect(tray.isThere).toBe(false);
    expect(done).toEqual(['Error: there is no tray']);
  });
});
