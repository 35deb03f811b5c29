import { globSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ElectronStore from 'electron-store';
import { isDiskFull } from '../../../shared/disk-full.ts';
import { AppError } from '../../../shared/errors.ts';
import { type Migration, migrateSettings, settingsMigrations } from './migrate-settings.ts';
import { readSettings, type StoredSettings } from './settings-schema.ts';
import type { KeptSettings, SettingsStore } from './settings-store.ts';

export interface SettingsParts {
  /** Absolute path of the app's data folder, which contains `settings.json`. */
  readonly folder: string;
  /** The version of the app. */
  readonly version: string;
  /** Called when a change could not be written. It is in force until the app ends. */
  readonly onError: (error: AppError) => void;
  readonly migrations?: readonly Migration[];
}

const fileName = 'settings';

/** Opens the settings. Throws `unavailable` if the folder can be neither read nor written. */
export function openSettings({
  folder,
  version,
  onError,
  migrations = settingsMigrations,
}: SettingsParts): SettingsStore {
  const file = join(folder, `${fileName}.json`);
  const { store, setAside } = openFile(file, folder, version);
  removeLeftovers(folder);
  // The library's object has no prototype, and so no `toString`. A plain object is safer to pass on.
  let stored: StoredSettings = migrateSettings({ ...store.store }, migrations);
  let settings = readSettings(stored);
  const listeners = new Set<(settings: KeptSettings) => void>();

  return {
    get: () => settings,
    change(change) {
      const changed = { ...stored, ...change };
      stored = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
      settings = readSettings(stored);
      try {
        // Set as a whole: the library writes another file and renames it, so that a crash leaves the old or the new one.
        store.store = stored;
      } catch (error) {
        const code = isDiskFull(error) ? 'disk_full' : 'target_unwritable';
        onError(new AppError(code, 'The settings could not be saved.', { cause: error }));
      }
      for (const listener of [...listeners]) listener(settings);
    },
    follow(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    ...(setAside === undefined ? {} : { setAside }),
  };
}

type Store = ElectronStore<Record<string, unknown>>;

/** A file that cannot be read is renamed, so that nothing of it is lost and the app can start. */
function openFile(file: string, folder: string, version: string): { store: Store; setAside?: string } {
  const open = (): Store =>
    new ElectronStore<Record<string, unknown>>({
      cwd: folder,
      name: fileName,
      projectVersion: version,
      deserialize: parseObject,
      serialize: (value) => `${JSON.stringify(value, undefined, 2)}\n`,
    });
  try {
    return { store: open() };
  } catch (unreadable) {
    const setAside = `${file}.broken`;
    try {
      renameSync(file, setAside);
      return { store: open(), setAside };
    } catch (error) {
      const cause = new AggregateError([unreadable, error], 'the settings could neither be read nor set aside');
      throw new AppError('unavailable', "Soundlift's config folder cannot be used.", { cause });
    }
  }
}

/** Longer than any write takes. */
const leftoverMilliseconds = 60_000;

/** Removes the library's temporary files, left by a crash during a write. */
function removeLeftovers(folder: string): void {
  for (const name of globSync(`${fileName}.json.tmp-*`, { cwd: folder })) {
    const path = join(folder, name);
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - written > leftoverMilliseconds) rmSync(path, { force: true });
  }
}

function parseObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SyntaxError('the settings are no object');
  return { ...value };
}
