import { defaultSettings, readSettings } from '../main/settings/settings-schema.ts';
import type { KeptSettings, SettingsStore } from '../main/settings/settings-store.ts';

/** The app's settings for a test: the defaults, with the values of `changed`. */
export function keepSettingsInMemory(changed: Partial<KeptSettings> = {}): SettingsStore {
  const listeners = new Set<(settings: KeptSettings) => void>();
  let kept: KeptSettings = { ...defaultSettings, ...changed };
  return {
    get: () => kept,
    change(change) {
      kept = readSettings({ ...kept, ...change });
      for (const listener of listeners) listener(kept);
    },
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
