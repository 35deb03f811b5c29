import type { System } from '../../ipc.ts';

/** The relevant properties of a pressed key. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

/** The actions of keys in the list. */
export type ListKey =
  | 'up'
  | 'down'
  | 'first'
  | 'last'
  | 'page_up'
  | 'page_down'
  | 'next_control'
  | 'previous_control'
  | 'play'
  | 'on'
  | 'back'
  | 'act'
  | 'way_out'
  | 'copy'
  | 'menu'
  | { readonly letter: string };

const plainKeys: Readonly<Record<string, ListKey>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
  PageUp: 'page_up',
  PageDown: 'page_down',
  ArrowRight: 'next_control',
  ArrowLeft: 'previous_control',
  ' ': 'play',
  Enter: 'act',
  Delete: 'way_out',
  ContextMenu: 'menu',
};

const shiftKeys: Readonly<Record<string, ListKey>> = { ArrowRight: 'on', ArrowLeft: 'back', F10: 'menu' };

/** The action of `press` in the list; undefined for other keys. */
export function listKey(press: KeyPress, system: System): ListKey | undefined {
  const { key, shiftKey } = press;
  if (hasCommand(press, system)) {
    if (shiftKey || press.altKey) return undefined;
    if (key.toLowerCase() === 'c') return 'copy';
    return system === 'macos' && key === 'Backspace' ? 'way_out' : undefined;
  }
  if (press.ctrlKey || press.metaKey || press.altKey) return undefined;
  const named = (shiftKey ? shiftKeys : plainKeys)[key];
  if (named !== undefined) return named;
  return /^[^\p{Cc}\s]$/u.test(key) ? { letter: key } : undefined;
}

/** The actions of keys anywhere in the window. */
export type WindowKey =
  | 'choose_videos'
  | 'settings'
  | 'now'
  | 'history'
  | 'find'
  | 'pause_or_continue'
  | 'undo'
  | 'paste'
  | 'close';

const commandKeys: Readonly<Record<string, WindowKey>> = {
  o: 'choose_videos',
  ',': 'settings',
  '1': 'now',
  '2': 'history',
  f: 'find',
  z: 'undo',
  v: 'paste',
};

/**
 * The action of `press` in the window; undefined for other keys. The menu handles closing and quitting.
 * @param inField whether a text field has the focus, which undoes and pastes itself
 */
export function windowKey(press: KeyPress, system: System, inField: boolean): WindowKey | undefined {
  if (press.key === 'Escape') return 'close';
  if (!hasCommand(press, system) || press.altKey) return undefined;
  if (press.shiftKey) return press.key.toLowerCase() === 'p' ? 'pause_or_continue' : undefined;
  const key = commandKeys[press.key.toLowerCase()];
  return inField && (key === 'undo' || key === 'paste') ? undefined : key;
}

function hasCommand({ ctrlKey, metaKey }: KeyPress, system: System): boolean {
  return system === 'macos' ? metaKey && !ctrlKey : ctrlKey && !metaKey;
}
