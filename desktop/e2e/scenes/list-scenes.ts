import type { AppState, Row, RowState, Summary } from '../../ipc.ts';
import { firstState } from '../../tests/app-state.ts';

export const lectures = ['Movies', 'Lectures'];
export const movies = ['Movies'];

function rowOf(order: number, sourceName: string, state: RowState, more: Partial<Row> = {}): Row {
  return { id: `row-${order}`, order, sourceName, sourceBytes: 1.5e9, weight: 50, state, ...more };
}

/** A row in each state, with the text that it must show. */
export const everyState: readonly (readonly [row: Row, detail: string, button?: string])[] = [
  [
    rowOf(
      1,
      'Lecture 12.mp4',
      { kind: 'done', folder: lectures },
      { targetName: 'Lecture 12.mp3', durationSeconds: 2892, resultBytes: 66e6 },
    ),
    'Saved in Movies › Lectures',
  ],
  [
    rowOf(
      2,
      'Interview, raw.mov',
      { kind: 'failed', code: 'damaged', otherTrack: true },
      {
        tracks: [
          { index: 0, codec: 'aac', channels: 2 },
          { index: 1, codec: 'ac3', channels: 6 },
        ],
      },
    ),
    'Its audio track is damaged. The video has a second one.',
    'Choose another track…',
  ],
  [
    rowOf(3, 'Plain text.mkv', { kind: 'converting', speed: 38 }, { fraction: 0.62, leftSeconds: 40 }),
    'Converting at 38× speed',
  ],
  [
    rowOf(4, 'Holiday.mp4', { kind: 'uploading', sentBytes: 31e6, totalBytes: 76e6, whole: false }, { fraction: 0.41 }),
    '1.5 GB video, uploading 76 MB of audio',
  ],
  [
    rowOf(5, 'Kitchen.mov', { kind: 'uploading', sentBytes: 1e6, totalBytes: 1.5e9, whole: true }, { fraction: 0.01 }),
    'Uploading 1.5 GB',
  ],
  [rowOf(6, 'GX010042.MP4', { kind: 'reading' }), 'Reading…'],
  [rowOf(7, 'محاضرة.mp4', { kind: 'waiting', before: 2 }, { durationSeconds: 3160 }), 'Waiting, 2 ahead'],
  [rowOf(8, 'Saving.mp4', { kind: 'saving', folder: movies }, { fraction: 0.99 }), 'Saving in Movies'],
  [rowOf(9, 'Paused.mp4', { kind: 'paused' }, { fraction: 0.41 }), 'Paused at 41%', 'Resume'],
  [
    rowOf(10, 'Away.mp4', { kind: 'offline_uploading', sentBytes: 31e6, totalBytes: 76e6 }, { fraction: 0.41 }),
    'No connection. Will resume on its own at 31 of 76 MB.',
  ],
  [
    rowOf(11, 'Unseen.mp4', { kind: 'offline_converting' }, { fraction: 0.62 }),
    'Still converting on the server. Progress returns with the connection.',
  ],
  [rowOf(12, 'Whose.mp4', { kind: 'signed_out', host: 'sound.example.org' }), 'Waiting for you to sign in', 'Sign in'],
  [
    rowOf(13, 'Kept.mp4', { kind: 'unsaved', reason: 'folder_away' }),
    'The folder is missing. The MP3 is kept until you choose another folder.',
    'Save as…',
  ],
  [
    rowOf(14, 'Full.mp4', { kind: 'unsaved', reason: 'disk_full', folder: movies, neededBytes: 66e6 }),
    'Not enough space in Movies: 66 MB needed. Will resume on its own.',
    'Choose another folder…',
  ],
  [
    rowOf(15, 'Notes.pdf', { kind: 'failed', code: 'not_media', otherTrack: false }),
    "This isn't a video or audio file.",
  ],
  [
    rowOf(16, 'Drone.mp4', { kind: 'failed', code: 'no_audio', otherTrack: false }),
    'This video has no sound.',
    'Show video',
  ],
  [
    rowOf(17, 'Moved.mp4', { kind: 'failed', code: 'source_missing', otherTrack: false }),
    'The video is no longer where it was.',
    'Find video…',
  ],
  [
    rowOf(18, 'Cut.mp4', {
      kind: 'done',
      folder: movies,
      warning: { code: 'cut_short', atSeconds: 760, ofSeconds: 3312 },
    }),
    'Saved in Movies. The video breaks off at 12:40 of 55:12.',
  ],
  [
    rowOf(19, 'Gone.mp4', { kind: 'done', folder: movies, missing: true }),
    'The MP3 is no longer in Movies.',
    'Convert again',
  ],
  [rowOf(20, 'Screen recording.webm', { kind: 'cancelled' }), 'Cancelled', 'Retry'],
];

export function manyRows(count: number): readonly Row[] {
  return Array.from({ length: count }, (_, index) =>
    rowOf(index + 1, `Video ${index + 1}.mp4`, { kind: 'converting', speed: 20 }, { fraction: 0.1 }),
  );
}

export const workingSummary: Summary = {
  mode: 'working',
  total: 7,
  done: 1,
  failed: 1,
  unfinished: 5,
  fraction: 0.38,
  leftSeconds: 240,
  savedSeconds: 2892,
  savedBytes: 66e6,
};

/** A window with these rows. */
export function stateWith(rows: readonly Row[], more: Partial<AppState> = {}): AppState {
  return {
    ...firstState,
    backend: {
      kind: 'server',
      host: 'sound.example.org',
      email: 'you@example.org',
      connection: 'connected',
      confirmed: true,
      thisSessionOnly: false,
      readable: false,
    },
    summary: workingSummary,
    rows,
    ...more,
  };
}
