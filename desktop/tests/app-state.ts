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

/** The state that the page gets at the very first start of the app. */
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
