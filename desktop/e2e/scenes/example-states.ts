import type { Notice, Row, Summary } from '../../ipc.ts';
import { lectures, movies, stateWith } from './list-scenes.ts';
import { here } from './scene.ts';

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

export const workingRows: readonly Row[] = [
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

const minute = 60_000;
export const notices: readonly Notice[] = [
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

/** The list while some of it is converted. */
export const working = stateWith(workingRows, { notices });
/** The list when all of it has ended. */
export const finished = stateWith(finishedRows, { backend: here, summary: finishedSummary, notices });
