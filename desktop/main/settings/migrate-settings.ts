/** What a settings file holds: by name. */
export type StoredSettings = Readonly<Record<string, unknown>>;

/** Each makes the settings of the version before its own into its own. Appended to, never edited. */
const migrations: readonly ((stored: StoredSettings) => StoredSettings)[] = [];

export const settingsVersion = migrations.length + 1;

/** Settings of any version as those of today's. Throws for those of a later one. */
export function migrateSettings(stored: StoredSettings): StoredSettings {
  const version = Number(stored['version'] ?? settingsVersion);
  if (!Number.isInteger(version) || version < 1 || version > settingsVersion) {
    throw new Error(`the settings are of version ${version}, and ${settingsVersion} is the latest one known here`);
  }
  let settings = stored;
  for (const migrate of migrations.slice(version - 1)) settings = migrate(settings);
  return { ...settings, version: settingsVersion };
}
