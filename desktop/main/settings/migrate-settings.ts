import type { StoredSettings } from './settings-schema.ts';

/** Converts the content of one version of the file to the next version. */
export type Migration = (stored: StoredSettings) => StoredSettings;

/** In order; the first one is for files of version 1. Add one whenever the shape of a setting changes, and never edit one. */
export const settingsMigrations: readonly Migration[] = [
  ({ place, ...others }) => ({ ...others, ...(place === undefined ? {} : { backend: place }) }),
];

/**
 * Converts a file's content to the newest version, which is `migrations.length + 1`. A file of a newer version is left as it is, so that
 * a person who goes back to an older Soundlift loses nothing.
 */
export function migrateSettings(stored: StoredSettings, migrations: readonly Migration[]): StoredSettings {
  const { version } = stored;
  // A file without a valid version was edited by hand. Each of its values is checked anyway.
  const from = typeof version === 'number' && Number.isInteger(version) && version >= 1 ? version : 1;
  const newest = migrations.length + 1;
  if (from > newest) return stored;
  const migrated = migrations.slice(from - 1).reduce((shape, migrate) => migrate(shape), stored);
  return { ...migrated, version: newest };
}
