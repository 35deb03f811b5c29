import type { ReactNode } from 'react';

/** The places of pages, popovers and sheets that are still to come, with what they are given. */

/** Draws its own toolbar. Without `onClose` there is no way but through it: the first run. */
export function WelcomePage(_props: { readonly onClose?: () => void }): ReactNode {
  return null;
}

/** Draws its own toolbar. */
export function SettingsPage(_props: { readonly onClose: () => void }): ReactNode {
  return null;
}

/** Its content alone, `<main className="content">`. Another number in `finds` asks for the focus in its search. */
export function HistoryPage(_props: { readonly finds: number }): ReactNode {
  return null;
}

export function NoticesPopover(_props: { readonly onClose: () => void }): ReactNode {
  return null;
}

export function QualityPopover(_props: { readonly onClose: () => void }): ReactNode {
  return null;
}

export function DetailsSheet(_props: { readonly id: string; readonly onClose: () => void }): ReactNode {
  return null;
}

export function TrackSheet(_props: { readonly id: string; readonly onClose: () => void }): ReactNode {
  return null;
}

export function Toasts(): ReactNode {
  return null;
}
