import { describe, expect, it } from 'vitest';
import { configFolder } from './config-folder.ts';

describe('the config folder', () => {
  it.each([
    ['linux', {}, '/home/me/.config/soundlift'],
    ['linux', { XDG_CONFIG_HOME: '/elsewhere' }, '/elsewhere/soundlift'],
    ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/me/.config/soundlift'],
    ['linux', { SOUNDLIFT_CONFIG: '/mine', XDG_CONFIG_HOME: '/elsewhere' }, '/mine'],
    ['darwin', { XDG_CONFIG_HOME: '/elsewhere' }, '/home/me/Library/Application Support/Soundlift'],
    ['win32', { APPDATA: 'C:\\Users\\me\\AppData\\Roaming' }, 'C:\\Users\\me\\AppData\\Roaming\\Soundlift'],
    ['win32', { SOUNDLIFT_CONFIG: 'D:\\mine' }, 'D:\\mine'],
  ] as const)('on %s with %j is %s', (platform, environment, folder) => {
    expect(configFolder(environment, { platform, homeFolder: '/home/me' })).toBe(folder);
  });

  it('cannot be a relative path', () => {
    const facts = { platform: 'linux', homeFolder: '/home/me' } as const;
    expect(() => configFolder({ SOUNDLIFT_CONFIG: 'mine' }, facts)).toThrowError(
      expect.objectContaining({ code: 'invalid' }),
    );
  });
});
