import type { System } from '../ipc.ts';

/** A key with the system's command key, as it is written there: `⌘O`, `Ctrl+O`; with Shift `⇧⌘P`, `Ctrl+Shift+P`. */
export function shortcutWords(system: System, key: string, shift = false): string {
  if (system === 'macos') return `${shift ? '⇧' : ''}⌘${key}`;
  return `Ctrl+${shift ? 'Shift+' : ''}${key}`;
}
