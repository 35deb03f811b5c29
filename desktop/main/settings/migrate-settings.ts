import type { StoredSettings } from './settings-schema.ts';

/** Makes of what one version of the file held what the next one holds. */
export type Migration = (stored: StoredSettings) => StoredSettings;

/** In their order: the first one is for files of version 1. Whoever changes the shape of a setting adds one here. */
export const settingsMigrations: readonly Migration[] = [];

/**
 * Takes a file's content to the newest version, which is `migrations.length + 1`. A file that a newer Soundlift wrote stays as it is:
 * going back to an older one loses nothing.
 */
export function migrateSettings(stored: StoredSettings, migrations: readonly Migration[]): StoredSettings {
  const { version } = stored;
  // Whatever has no version of ours was edited by hand; its values are looked at one by one anyway.
  const from = typeof version === 'number' && Number.isInteger(version) && version >= 1 ? version : 1;
  const newest = migrations.length + 1;
  if (from > newest) return stored;
  const migrated = migrations.slice(from - 1).reduce((shape, migrate) => migrate(shape), stored);
  return { ...migrated, version: newest };
}
