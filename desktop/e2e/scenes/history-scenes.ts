import type { HistoryItem, HistoryPage } from '../../ipc.ts';
import { finished } from './example-states.ts';
import { lectures, movies } from './list-scenes.ts';
import { click, idle, type Scene, server } from './scene.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

function item(id: string, name: string, more: Partial<HistoryItem> = {}): HistoryItem {
  return {
    id,
    name,
    folder: movies,
    durationSeconds: 1860,
    bytes: 42e6,
    savedAt: Date.now() - 5 * minute,
    missing: false,
    ...more,
  };
}

const history: HistoryPage = {
  items: [
    item('h1', 'Lecture 12 – Fourier series.mp3', {
      folder: lectures,
      host: 'sound.example.org',
      durationSeconds: 2892,
      bytes: 66e6,
    }),
    item('h2', 'Interview, raw.mp3', { track: 1 }),
    item('h3', 'Ständchen für Oma – 80. Geburtstag.mp3', {
      folder: ['Downloads'],
      savedAt: Date.now() - day,
      durationSeconds: 401,
      bytes: 15e6,
    }),
    item('h4', 'Elternabend.mp3', { folder: ['Downloads'], savedAt: Date.now() - day, missing: true }),
    item('h5', 'ירושלים בשלג.mp3', { savedAt: Date.now() - day, durationSeconds: 238, bytes: 9e6 }),
    item('h6', 'Standup 2025-03-12.mp3', {
      folder: ['Movies', 'Work'],
      savedAt: Date.now() - 20 * day,
      durationSeconds: 860,
      bytes: 7e6,
    }),
  ],
  found: 6,
  total: 214,
  totalSeconds: 96 * 3600,
  totalBytes: 8.1e9,
};

const openHistory = click('History');

/** The history in each of its states. */
export const historyScenes: readonly Scene[] = [
  { name: 'history', state: { ...finished, backend: server }, answers: { history }, prepare: openHistory },
  {
    name: 'history-none',
    state: finished,
    answers: { history: { ...history, items: [], found: 0 } },
    prepare: async (page) => {
      await openHistory(page);
      await page.getByRole('searchbox').fill('fourrier');
      await page.getByText('No results for').waitFor();
    },
  },
  {
    name: 'history-empty',
    state: idle,
    answers: { history: { items: [], found: 0, total: 0, totalSeconds: 0, totalBytes: 0 } },
    prepare: openHistory,
  },
  {
    name: 'history-clear',
    state: { ...finished, backend: server },
    answers: { history },
    prepare: async (page) => {
      await openHistory(page);
      await click('Clear history…')(page);
    },
  },
];
