import type { ReactNode } from 'react';

export type IconName =
  | 'alert'
  | 'back'
  | 'bars'
  | 'bell'
  | 'check'
  | 'clock'
  | 'close'
  | 'computer'
  | 'down'
  | 'film'
  | 'folder'
  | 'info'
  | 'lift'
  | 'lock'
  | 'more'
  | 'offline'
  | 'pause'
  | 'play'
  | 'plus'
  | 'retry'
  | 'search'
  | 'server'
  | 'settings'
  | 'slash'
  | 'trash'
  | 'tune'
  | 'up';

/** One of `icons.css`, in the colour of the text beside it. Hidden from screen readers. */
export function Icon({ name }: { readonly name: IconName }): ReactNode {
  return <i className={`icon ${name}`} aria-hidden="true" />;
}
