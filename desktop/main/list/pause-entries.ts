import type { SettingsStore } from '../settings/settings-store.ts';
import type { ConversionList } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import type { EntryRunner } from './run-entries.ts';

export interface PauseEntriesParts {
  readonly entries: Entries;
  readonly settings: SettingsStore;
  readonly runner: Pick<EntryRunner, 'hold' | 'hurry'>;
}

/** Pauses all rows together, and continues all of them or one. */
export type PauseEntries = Pick<ConversionList, 'pauseAll' | 'continueAll' | 'continueRow'>;

export function createPauseEntries({ entries, settings, runner }: PauseEntriesParts): PauseEntries {
  return {
    pauseAll() {
      settings.change({ paused: true });
      runner.hold();
    },
    continueAll() {
      const held = entries.ids(({ isHeld }) => isHeld);
      entries.applyToAll(held, { type: 'held', isHeld: false });
      settings.change({ paused: false });
      runner.hurry();
    },
    continueRow(id) {
      // All others are held one by one instead.
      if (settings.get().paused) {
        const others = entries.ids((entry) => entry.id !== id);
        entries.applyToAll(others, { type: 'held', isHeld: true });
      }
      entries.apply(id, { type: 'held', isHeld: false });
      settings.change({ paused: false });
      runner.hurry();
    },
  };
}
