import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppError } from '../../../shared/errors.ts';
import { openSettings, type SettingsParts } from './open-settings.ts';
import { defaultSettings, readSettings } from './settings-schema.ts';
import type { KeptSettings } from './settings-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-settings-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const file = (): string => join(folder, 'settings.json');
const openHere = (parts: Partial<SettingsParts> = {}) => {
  const fail = (error: AppError): never => {
    throw error;
  };
  return openSettings({ folder, version: '0.1.0', onError: fail, ...parts });
};

describe('settings', () => {
  it('start with the defaults, and are not written before a change', async () => {
    const settings = openHere();
    expect(settings.get()).toEqual(defaultSettings);
    expect(settings.setAside).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  it('are still there after a restart', () => {
    const change: Partial<KeptSettings> = {
      backend: { kind: 'server', url: 'https://sound.example.org', email: 'you@example.org' },
      quality: { kind: 'custom', bitrateKbps: 128, mono: true },
      saveTo: { kind: 'folder', path: join(folder, 'Music') },
      atOnce: 3,
      window: { x: -20, y: 5, width: 920, height: 640, maximized: false },
      paused: true,
    };
    openHere().change(change);
    expect(openHere().get()).toEqual({ ...defaultSettings, ...change });
  });

  it('can lose an optional setting', () => {
    const settings = openHere();
    settings.change({ atOnce: 4 });
    settings.change({ atOnce: undefined });
    expect(settings.get()).not.toHaveProperty('atOnce');
    expect(openHere().get()).not.toHaveProperty('atOnce');
  });

  it('notify followers of each change until they stop following', () => {
    const settings = openHere();
    const heard: string[] = [];
    const stop = settings.follow(({ theme }) => heard.push(theme));
    settings.change({ theme: 'dark' });
    stop();
    settings.change({ theme: 'light' });
    expect(heard).toEqual(['dark']);
  });

  it.each([
    ['no JSON', '{"theme": "dark"'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['bytes that are no text', '\u0000\u0001'],
  ])('are set aside if the file is damaged (%s), and start with the defaults', async (_what, content) => {
    await writeFile(file(), content);
    const settings = openHere();
    expect(settings.setAside).toBe(`${file()}.broken`);
    expect(await readFile(`${file()}.broken`, 'utf8')).toBe(content);
    expect(settings.get()).toEqual(defaultSettings);
    settings.change({ theme: 'dark' });
    expect(openHere()).not.toHaveProperty('setAside');
    expect(openHere().get().theme).toBe('dark');
  });

  it('are set aside if there is a folder with the name of the file', async () => {
    await mkdir(file());
    expect(openHere().setAside).toBe(`${file()}.broken`);
  });

  it('lose only an invalid value', async () => {
    const stored = {
      theme: 'green',
      atOnce: 0,
      notify: false,
      saveTo: { kind: 'folder', path: 'Music' },
      paused: true,
    };
    await writeFile(file(), JSON.stringify({ version: 1, ...stored }));
    expect(openHere().get()).toEqual({ ...defaultSettings, notify: false, paused: true });
  });

  it('are migrated from an older version step by step, and only once', async () => {
    const migrations = [
      ({ dark, ...others }: Readonly<Record<string, unknown>>) => ({
        ...others,
        look: dark === true ? 'dark' : 'light',
      }),
      ({ look, ...others }: Readonly<Record<string, unknown>>) => ({ ...others, theme: look }),
    ];
    await writeFile(file(), JSON.stringify({ version: 1, dark: true, notify: false }));
    const settings = openHere({ migrations });
    expect(settings.get()).toEqual({ ...defaultSettings, theme: 'dark', notify: false });
    settings.change({ theme: 'system' });
    expect(openHere({ migrations }).get().theme).toBe('system');
    expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({ version: 3, theme: 'system', notify: false });
  });

  it('keep the chosen backend of a file of version 1, where it had another name', async () => {
    const backend = { kind: 'server', url: 'https://sound.example.org', email: 'you@example.org' };
    await writeFile(file(), JSON.stringify({ version: 1, place: backend, theme: 'dark' }));
    expect(openHere().get()).toEqual({ ...defaultSettings, backend, theme: 'dark' });
    openHere().change({ theme: 'light' });
    expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({ version: 2, backend, theme: 'light' });
  });

  it('keep settings that a newer version wrote', async () => {
    await writeFile(file(), JSON.stringify({ version: 7, theme: 'dark', smell: 'roses' }));
    openHere().change({ notify: false });
    const kept = { version: 7, theme: 'dark', smell: 'roses', notify: false };
    expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual(kept);
  });

  it('apply until the app ends if they cannot be written, and report that', async () => {
    const errors: AppError[] = [];
    const settings = openHere({ onError: (error) => errors.push(error) });
    await rm(folder, { recursive: true });
    await writeFile(folder, 'no folder any more');
    settings.change({ theme: 'dark' });
    expect(settings.get().theme).toBe('dark');
    expect(errors.map(({ code }) => code)).toEqual(['target_unwritable']);
  });

  it.each(['ENOSPC', 'EDQUOT'])('say that the disk is full if they cannot be written for %s', (code) => {
    // In a snap, the library writes with this function.
    vi.stubEnv('SNAP', '/snap');
    vi.spyOn(fs, 'writeFileSync').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    const errors: AppError[] = [];
    openHere({ onError: (error) => errors.push(error) }).change({ theme: 'dark' });
    expect(errors.map((error) => error.code)).toEqual(['disk_full']);
  });

  it('remove half-written files of a crash', async () => {
    const left = `${file()}.tmp-17000000000abcdef`;
    await writeFile(left, '{');
    openHere();
    expect(await readdir(folder), 'somebody may be writing it').toHaveLength(1);
    await utimes(left, 1_700_000_000, 1_700_000_000);
    openHere();
    expect(await readdir(folder)).toEqual([]);
  });

  it('are complete after a kill -9 at any moment', async () => {
    for (let round = 0; round < 6; round += 1) {
      const writer = startWriter();
      await once(writer.stdout ?? writer, 'data');
      await wait(10 + 7 * round);
      writer.kill('SIGKILL');
      await once(writer, 'exit');
      const settings = openHere();
      expect(settings.setAside).toBeUndefined();
      const { saveTo, atOnce } = settings.get();
      // Both settings were changed together.
      expect(saveTo).toEqual({ kind: 'folder', path: `/${'m'.repeat(2000 + (atOnce ?? Number.NaN))}` });
    }
  });

  it('are complete for any content of the file', () => {
    const keys = fc.constantFrom(...Object.keys(defaultSettings), 'atOnce', 'window');
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), (stored) => {
        const read = readSettings(stored);
        expect(readSettings({ ...read })).toEqual(read);
        expect(Object.keys(read)).toEqual(expect.arrayContaining(Object.keys(defaultSettings)));
      }),
    );
  });
});

/** A process that repeatedly changes two settings at once. */
function startWriter(): ChildProcess {
  const module = new URL('open-settings.ts', import.meta.url).href;
  const code = `
    import { openSettings } from ${JSON.stringify(module)};
    const settings = openSettings({ folder: ${JSON.stringify(folder)}, version: '0.1.0', onError: (error) => { throw error; } });
    for (let turn = 0; ; turn += 1) {
      const atOnce = 1 + (turn % 64);
      settings.change({ atOnce, saveTo: { kind: 'folder', path: '/' + 'm'.repeat(2000 + atOnce) } });
      if (turn === 0) console.log('ready');
    }`;
  return spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] });
}
