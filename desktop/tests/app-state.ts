import type { AppState, Summary } from '../ipc.ts';

export const emptySummary: Summary = {
  mode: 'empty',
  total: 0,
  done: 0,
  failed: 0,
  unfinished: 0,
  fraction: 0,
  savedSeconds: 0,
  savedBytes: 0,
};

/** What the page is told the first time that the app is started. */
export const firstState: AppState = {
  system: 'linux',
  version: '1.0.0',
  backend: { kind: 'none' },
  summary: emptySummary,
  rows: [],
  settings: {
    quality: { kind: 'standard' },
    saveTo: { kind: 'beside' },
    whenTaken: 'keep_both',
    notify: true,
    notifySound: false,
    theme: 'system',
    keepInTray: true,
    openAtLogin: false,
  },
  notices: [],
  toasts: [],
};
