import type { MenuItemConstructorOptions } from 'electron';
import { describe, expect, it } from 'vitest';
import type { Row, RowState, System } from '../../ipc.ts';
import { appMenu, dockMenu, type MenuActions, type MenuState } from './app-menu.ts';
import { rowMenu } from './row-menu.ts';
import { saveMenu } from './save-menu.ts';

type Item = MenuItemConstructorOptions;

function recorded<Actions extends object>(names: readonly (keyof Actions)[]) {
  const calls: unknown[] = [];
  const actions = Object.fromEntries(
    names.map((name) => [name, (...args: unknown[]) => void calls.push([name, ...args])]),
  ) as unknown as Actions;
  return { actions, calls };
}

const menuNames = [
  'chooseVideos',
  'paste',
  'undo',
  'pauseAll',
  'continueAll',
  'clearFinished',
  'show',
  'closeWindow',
  'copyReport',
  'showLicences',
  'quit',
] as const satisfies readonly (keyof MenuActions)[];

function flatten(items: readonly Item[]): readonly Item[] {
  return items.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? flatten(item.submenu) : [])]);
}

function click(items: readonly Item[], label: string): void {
  const item = flatten(items).find((one) => one.label === label);
  if (item?.click === undefined) throw new Error(`there is no ${label}`);
  (item.click as () => void)();
}

const idle: MenuState = { mode: 'empty', hasFinished: false };
const systems: readonly System[] = ['macos', 'windows', 'linux'];

describe('the application’s menu', () => {
  it.each(systems)('has on %s every key that works anywhere in the window', (system) => {
    const { actions } = recorded<MenuActions>(menuNames);
    const keys = flatten(appMenu(system, idle, actions)).flatMap(({ accelerator }) => accelerator ?? []);
    expect(keys.toSorted()).toEqual(
      ['O', ',', '1', '2', 'F', 'Shift+P', 'Z', 'W', 'Q'].map((key) => `CommandOrControl+${key}`).toSorted(),
    );
  });

  it('follows each system’s convention', () => {
    const { actions } = recorded<MenuActions>(menuNames);
    const titles = (system: System) => appMenu(system, idle, actions).map(({ label }) => label);
    expect(titles('macos')).toEqual(['Soundlift', 'File', 'Edit', 'View', 'Window', 'Help']);
    expect(titles('windows')).toEqual(['File', 'Edit', 'View', 'Help']);
    const labels = (system: System) => flatten(appMenu(system, idle, actions)).flatMap(({ label }) => label ?? []);
    expect(labels('macos')).toContain('Search History');
    expect(labels('linux')).toContain('Search history');
    const roles = (system: System) => flatten(appMenu(system, idle, actions)).flatMap(({ role }) => role ?? []);
    expect(roles('macos')).toEqual(expect.arrayContaining(['services', 'hide', 'windowMenu', 'help', 'about']));
    expect(roles('windows')).not.toContain('services');
  });

  it.each<[string, unknown]>([
    ['Choose videos…', ['chooseVideos']],
    ['Settings…', ['show', 'settings']],
    ['Now', ['show', 'now']],
    ['History', ['show', 'history']],
    ['Search history', ['show', 'find']],
    ['Notifications', ['show', 'notices']],
    ['Undo', ['undo']],
    ['Clear finished', ['clearFinished']],
    ['Close window', ['closeWindow']],
    ['Copy report', ['copyReport']],
    ['Licences', ['showLicences']],
    ['Quit Soundlift', ['quit']],
    ['Pause all', ['pauseAll']],
  ])('has working items: %s', (label, call) => {
    const { actions, calls } = recorded<MenuActions>(menuNames);
    click(appMenu('linux', { mode: 'working', hasFinished: true }, actions), label);
    expect(calls).toEqual([call]);
  });

  it('offers to pause or to resume', () => {
    const { actions, calls } = recorded<MenuActions>(menuNames);
    const item = (state: MenuState) =>
      flatten(appMenu('linux', state, actions)).find(({ accelerator }) => accelerator === 'CommandOrControl+Shift+P');
    expect(item(idle)).toMatchObject({ label: 'Pause all', enabled: false });
    expect(item({ ...idle, mode: 'working' })).toMatchObject({ label: 'Pause all', enabled: true });
    expect(item({ ...idle, mode: 'paused' })).toMatchObject({ label: 'Resume', enabled: true });
    click(appMenu('linux', { ...idle, mode: 'paused' }, actions), 'Resume');
    expect(calls).toEqual([['continueAll']]);
  });

  it('the dock on macOS has the most common items', () => {
    const { actions } = recorded<MenuActions>(menuNames);
    expect(dockMenu(actions).map(({ label }) => label)).toEqual(['Choose Videos…', 'History']);
  });
});

const rowNames = [
  'play',
  'showInFolder',
  'showSource',
  'copy',
  'convertAgain',
  'details',
  'tracks',
  'retry',
  'continueRow',
  'letGo',
] as const;

function rowWith(state: RowState, more: Partial<Row> = {}): Row {
  return { id: 'r', order: 1, sourceName: 'a.mp4', sourceBytes: 1, weight: 1, state, ...more };
}

describe('a row’s menu', () => {
  it.each<[RowState, readonly string[]]>([
    [
      { kind: 'done', folder: ['Movies'] },
      ['Play', 'Show in folder', 'Copy', 'Convert again', 'Voice', 'Standard', 'Best', 'Details…', 'Remove'],
    ],
    [{ kind: 'failed', code: 'not_media', otherTrack: false }, ['Retry', 'Show video', 'Details…', 'Remove']],
    [{ kind: 'cancelled' }, ['Retry', 'Show video', 'Details…', 'Remove']],
    [{ kind: 'paused' }, ['Resume', 'Show video', 'Cancel']],
    [{ kind: 'converting' }, ['Show video', 'Cancel']],
    [{ kind: 'unsaved', reason: 'disk_full' }, ['Show video', 'Remove']],
  ])('has the items that its state allows: %j', (state, labels) => {
    const { actions } = recorded<Parameters<typeof rowMenu>[2]>(rowNames);
    expect(flatten(rowMenu('linux', rowWith(state), actions)).flatMap(({ label }) => label ?? [])).toEqual(labels);
  });

  it('offers other tracks if there are any', () => {
    const { actions } = recorded<Parameters<typeof rowMenu>[2]>(rowNames);
    const track = { index: 0, codec: 'aac', channels: 2 };
    const row = rowWith({ kind: 'done', folder: ['a'] }, { tracks: [track, { ...track, index: 1 }] });
    expect(flatten(rowMenu('linux', row, actions)).map(({ label }) => label)).toContain('Choose another track…');
  });

  it('converts again with the chosen quality', () => {
    const { actions, calls } = recorded<Parameters<typeof rowMenu>[2]>(rowNames);
    click(rowMenu('macos', rowWith({ kind: 'done', folder: ['a'] }), actions), 'Voice');
    expect(calls).toEqual([['convertAgain', { format: 'mp3', bitrateKbps: 64, channels: 1 }]]);
  });
});

it('the menu of folders to save to marks the chosen one', () => {
  const { actions } = recorded<Parameters<typeof saveMenu>[2]>(['beside', 'ask', 'chooseFolder']);
  const marked = (saveTo: Parameters<typeof saveMenu>[1]) =>
    saveMenu('linux', saveTo, actions).flatMap(({ checked, label }) => (checked === true ? label : []));
  expect(marked({ kind: 'beside' })).toEqual(['Next to each video']);
  expect(marked({ kind: 'folder', folder: ['Music', 'Talks'] })).toEqual([expect.stringContaining('Talks')]);
  expect(marked({ kind: 'ask' })).toEqual(['Ask every time']);
});
