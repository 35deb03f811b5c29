import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { System } from '../../ipc.ts';
import { integrateWithSystem } from './system-integration.ts';

let configFolder: string;
beforeEach(async () => {
  configFolder = await mkdtemp(join(tmpdir(), 'soundlift-config-'));
});
afterEach(() => rm(configFolder, { recursive: true, force: true }));

function integrate(system: System, isPackaged = true, executable = '/opt/Soundlift/soundlift') {
  const calls: unknown[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]) => {
      calls.push([name, ...args]);
      return true;
    };
  const app = {
    isPackaged,
    setAsDefaultProtocolClient: note('setAsDefaultProtocolClient'),
    setAppUserModelId: note('setAppUserModelId') as () => void,
    setLoginItemSettings: note('setLoginItemSettings') as () => void,
  };
  return { calls, integration: integrateWithSystem({ app, system, executable, configFolder }) };
}

it.each<[System, boolean, unknown[]]>([
  ['macos', true, [['setAsDefaultProtocolClient', 'soundlift']]],
  ['linux', true, [['setAsDefaultProtocolClient', 'soundlift']]],
  [
    'windows',
    true,
    [
      ['setAsDefaultProtocolClient', 'soundlift'],
      ['setAppUserModelId', 'org.soundlift.Soundlift'],
    ],
  ],
  ['linux', false, []],
])('%s (packaged: %s) registers the app', (system, isPackaged, expected) => {
  const { calls, integration } = integrate(system, isPackaged);
  integration.introduce();
  expect(calls).toEqual(expected);
});

it.each<System>(['macos', 'windows'])(
  '%s opens the app at login by the system’s setting, in the tray',
  async (system) => {
    const { calls, integration } = integrate(system);
    await integration.openAtLogin(true);
    await integration.openAtLogin(false);
    expect(calls).toEqual([
      ['setLoginItemSettings', { openAtLogin: true, args: ['--hidden'] }],
      ['setLoginItemSettings', { openAtLogin: false, args: ['--hidden'] }],
    ]);
  },
);

it('Linux opens the app at login by a file in the autostart folder', async () => {
  const { integration } = integrate('linux', true, '/opt/my "apps"/100%/sound$lift');
  const file = join(configFolder, 'autostart', 'soundlift.desktop');
  await integration.openAtLogin(true);
  expect(await readFile(file, 'utf8')).toContain('Exec="/opt/my \\"apps\\"/100%%/sound\\$lift" --hidden\n');
  await integration.openAtLogin(false);
  await integration.openAtLogin(false);
  await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
});
