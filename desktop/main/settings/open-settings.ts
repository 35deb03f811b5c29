import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import Store from 'electron-store';
import { migrateSettings, type StoredSettings } from './migrate-settings.ts';
import { readSettings } from './settings-schema.ts';
import type { KeptSettings, SettingsStore } from './settings-store.ts';

const name = 'settings';

/** @param folder absolute path of the app's own folder. A file in it that cannot be read is renamed, and all is as at the first start. */
export function openSettings(folder: string): SettingsStore {
  const { store, stored, setAside } = openStore(folder);
  const listeners = new Set<(settings: KeptSettings) => void>();
  let settings = readSettings(stored);
  return {
    get: () => settings,
    change(change) {
      const next = Object.entries({ ...settings, ...change }).filter(([, value]) => value !== undefined);
      settings = readSettings(Object.fromEntries(next));
      store.store = { ...migrateSettings({}), ...settings };
      for (const listener of [...listeners]) listener(settings);
    },
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ...(setAside === undefined ? {} : { setAside }),
  };
}

interface OpenedStore {
  readonly store: Store<Record<string, unknown>>;
  readonly stored: StoredSettings;
  readonly setAside?: string;
}

function openStore(folder: string): OpenedStore {
  try {
    const store = new Store<Record<string, unknown>>({ cwd: folder, name, clearInvalidConfig: false });
    return { store, stored: migrateSettings(store.store) };
  } catch (error) {
    const file = join(folder, `${name}.json`);
    if (!existsSync(file)) throw error;
    const setAside = `${file}.broken`;
    renameSync(file, setAside);
    return { store: new Store({ cwd: folder, name }), stored: {}, setAside };
  }
}
