import type { Page } from '@playwright/test';
import type { HistoryItem, HistoryPage, Notice, Row, Settings, Summary } from '../../ipc.ts';
import { everyState, stateWith, workingSummary } from './list-scenes.ts';
import { click, here, idle, openSettings, type Scene, server } from './scene.ts';
import { welcomeScenes } from './welcome-scenes.ts';

const movies = ['Movies'];
const lectures = ['Movies', 'Lectures'];

function saved(order: number, targetName: string, seconds: number, bytes: number, more: Partial<Row> = {}): Row {
  return {
    id: `row-${order}`,
    order,
    sourceName: targetName.replace('.mp3', '.mp4'),
    targetName,
    sourceBytes: 1.5e9,
    weight: seconds / 60,
    state: { kind: 'done', folder: movies },
    fraction: 1,
    durationSeconds: seconds,
    resultBytes: bytes,
    ...more,
  };
}

const finishedRows: readonly Row[] = [
  saved(1, 'Lecture 12 – Fourier series.mp3', 2892, 66e6, { state: { kind: 'done', folder: lectures } }),
  saved(2, 'Interview, raw.mp3', 1860, 42e6, { track: 1 }),
  saved(
    3,
    'The unreasonable effectiveness of plain text, and other very long titles that conferences like (second take, final).mp3',
    3751,
    86e6,
    { state: { kind: 'done', folder: ['Movies', 'Talks'] } },
  ),
  saved(4, 'Holiday 2024-08-14.mp3', 3320, 76e6),
  saved(5, 'محاضرة ١٢ – مقدمة في تحليل فورييه والتطبيقات.mp3', 3160, 72e6, {
    state: { kind: 'done', folder: lectures },
  }),
  {
    id: 'row-6',
    order: 6,
    sourceName: 'Drone, harbour at dawn.mp4',
    sourceBytes: 1e9,
    weight: 1,
    state: { kind: 'failed', code: 'no_audio', otherTrack: false },
  },
  saved(7, 'GX010042 (1).mp3', 718, 17e6, { state: { kind: 'done', folder: movies, kept: 'GX010042.mp3' } }),
];
const finishedSummary: Summary = {
  mode: 'finished',
  total: 7,
  done: 6,
  failed: 1,
  unfinished: 0,
  fraction: 1,
  savedSeconds: 15_701,
  savedBytes: 359e6,
};

const workingRows: readonly Row[] = [
  finishedRows[0] as Row,
  {
    id: 'row-2',
    order: 2,
    sourceName: 'Interview, raw.mov',
    sourceBytes: 1e9,
    weight: 26,
    state: { kind: 'failed', code: 'damaged', otherTrack: true },
    tracks: [
      { index: 0, codec: 'aac', channels: 2, language: 'en' },
      { index: 1, codec: 'ac3', channels: 6, language: 'hr' },
    ],
  },
  {
    id: 'row-3',
    order: 3,
    sourceName:
      'The unreasonable effectiveness of plain text, and other very long titles that conferences like (second take, final).mkv',
    sourceBytes: 2e9,
    weight: 61,
    state: { kind: 'converting', speed: 38 },
    fraction: 0.62,
    leftSeconds: 40,
  },
  {
    id: 'row-4',
    order: 4,
    sourceName: 'Holiday 2024-08-14.mp4',
    sourceBytes: 1.5e9,
    weight: 94,
    state: { kind: 'uploading', sentBytes: 6e8, totalBytes: 1.5e9, whole: true },
    fraction: 0.41,
    leftSeconds: 60,
  },
  { id: 'row-5', order: 5, sourceName: 'GX010042.MP4', sourceBytes: 4e8, weight: 12, state: { kind: 'reading' } },
  {
    id: 'row-6',
    order: 6,
    sourceName: 'محاضرة ١٢ – مقدمة في تحليل فورييه والتطبيقات.mp4',
    sourceBytes: 1e9,
    weight: 52,
    state: { kind: 'waiting', before: 2 },
    durationSeconds: 3160,
    fraction: 0,
  },
  {
    id: 'row-7',
    order: 7,
    sourceName: 'Screen recording 2025-03-02.webm',
    sourceBytes: 1e8,
    weight: 1,
    state: { kind: 'cancelled' },
  },
];

const offlineRows: readonly Row[] = workingRows.map((row) => {
  if (row.order === 3) return { ...row, state: { kind: 'offline_converting' } };
  if (row.order === 4) return { ...row, state: { kind: 'offline_uploading', sentBytes: 31e6, totalBytes: 76e6 } };
  return row;
});

const minute = 60_000;
const notices: readonly Notice[] = [
  {
    id: 'n1',
    unread: true,
    at: Date.now() - 2.5 * minute,
    title: '5 videos converted',
    names: ['Lecture 12 – Fourier series.mp3', 'Holiday 2024-08-14.mp3'],
    lines: ['and 3 more, 4 h 10 min in total'],
    action: { kind: 'show_in_folder', label: 'Show in folder' },
  },
  {
    id: 'n2',
    unread: true,
    at: Date.now() - 2.5 * minute,
    title: '1 of 6 could not be converted',
    names: [],
    lines: ['Drone, harbour at dawn.mp4: This video has no sound.'],
    action: { kind: 'show_in_list', label: 'Show in list' },
  },
  {
    id: 'n3',
    unread: false,
    at: Date.now() - 30 * 60 * minute,
    title: 'Connection is back',
    names: [],
    lines: ['3 videos resumed.'],
  },
];

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
const day = 24 * 60 * minute;
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

const working = stateWith(workingRows, { notices });
const finished = stateWith(finishedRows, { backend: here, summary: finishedSummary, notices });
const custom: Settings = { ...idle.settings, quality: { kind: 'custom', bitrateKbps: 160, mono: false } };
const openHistory = click('History');

/** Five videos are dragged over the window. */
async function dragOver(page: Page): Promise<void> {
  await page.evaluate(() => {
    const data = new DataTransfer();
    for (let index = 0; index < 5; index += 1) data.items.add(new File(['x'], `${index}.mp4`, { type: 'video/mp4' }));
    document.dispatchEvent(new DragEvent('dragenter', { dataTransfer: data, bubbles: true, cancelable: true }));
    document.dispatchEvent(new DragEvent('dragover', { dataTransfer: data, bubbles: true, cancelable: true }));
  });
}

/** Every screen in each of its states. */
export const scenes: readonly Scene[] = [
  { name: 'empty', state: idle },
  {
    name: 'empty-drop',
    state: idle,
    prepare: dragOver,
  },
  { name: 'working', state: working },
  { name: 'working-windows', state: { ...working, system: 'windows' } },
  { name: 'working-macos', state: { ...working, system: 'macos' } },
  { name: 'working-drop', state: working, prepare: dragOver },
  {
    name: 'working-offline',
    state: stateWith(offlineRows, {
      backend: { ...server, connection: 'offline', nextTryAt: Date.now() + 20_000 },
      summary: { ...workingSummary, mode: 'offline' },
      notices,
    }),
  },
  { name: 'working-paused', state: stateWith(workingRows, { summary: { ...workingSummary, mode: 'paused' } }) },
  { name: 'every-state', state: stateWith(everyState.map(([row]) => row)) },
  { name: 'finished', state: finished },
  { name: 'quality', state: idle, prepare: click(/quality for new videos/) },
  { name: 'quality-custom', state: { ...idle, settings: custom }, prepare: click(/quality for new videos/) },
  { name: 'notices', state: finished, prepare: click(/^Notifications/) },
  { name: 'notices-none', state: { ...finished, notices: [] }, prepare: click(/^Notifications/) },
  {
    name: 'toast',
    state: {
      ...finished,
      toasts: [{ id: 't', text: 'Removed from the list. The MP3 stays.', action: { kind: 'undo', label: 'Undo' } }],
    },
  },
  { name: 'track', state: working, prepare: click('Choose another track…: Interview, raw.mov') },
  {
    name: 'details',
    state: stateWith([
      {
        ...(workingRows[2] as Row),
        state: { kind: 'failed', code: 'converter_failed', details: { atSeconds: 760 }, otherTrack: false },
      },
    ]),
    answers: {
      details: {
        code: 'converter_failed',
        details: { atSeconds: 760 },
        attempt: 2,
        warnings: [],
        report: 'converter_failed\natSeconds 760\nattempt 2\ntrack 0 aac 2 channels',
        canRetry: true,
      },
    },
    prepare: click(/^Details/),
  },
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
  { name: 'settings', state: { ...idle, backend: server }, prepare: openSettings },
  { name: 'settings-here', state: idle, prepare: openSettings },
  {
    name: 'settings-unconfirmed',
    state: { ...idle, backend: { ...server, confirmed: false, thisSessionOnly: true, readable: true } },
    prepare: openSettings,
  },
  ...welcomeScenes,
  {
    name: 'welcome-signed-out',
    state: stateWith(workingRows, { backend: { ...server, connection: 'signed_out' } }),
    prepare: (page) => page.locator('.status').getByRole('button', { name: 'Sign in' }).click(),
  },
];

export function sceneOf(wanted: string): Scene {
  const scene = scenes.find(({ name }) => name === wanted);
  if (scene === undefined) throw new Error('there is no such screen');
  return scene;
}
