import type { Page } from '@playwright/test';
import type { Row, RowState, Settings } from '../../ipc.ts';
import { finished, notices, working, workingRows } from './example-states.ts';
import { historyScenes } from './history-scenes.ts';
import { everyState, stateWith, workingSummary } from './list-scenes.ts';
import { click, idle, openSettings, type Scene, server } from './scene.ts';
import { welcomeScenes } from './welcome-scenes.ts';

/** The row without a time left, because nothing moves in this state. */
function still(row: Row, state: RowState): Row {
  const { leftSeconds: _, ...rest } = row;
  return { ...rest, state };
}

const offlineRows: readonly Row[] = workingRows.map((row) => {
  if (row.order === 3) return still(row, { kind: 'offline_converting' });
  if (row.order === 4) return still(row, { kind: 'offline_uploading', sentBytes: 31e6, totalBytes: 76e6 });
  if (row.order === 5 || row.order === 6)
    return still(row, { kind: 'offline_uploading', sentBytes: 0, totalBytes: row.sourceBytes });
  return row;
});

const pausedRows: readonly Row[] = workingRows.map((row) =>
  row.order > 2 && row.order < 7 ? still(row, { kind: 'paused' }) : row,
);
/** What is being converted goes on. */
const pausingRows: readonly Row[] = pausedRows.map((row) => (row.order === 3 ? (workingRows[2] as Row) : row));

const custom: Settings = { ...idle.settings, quality: { kind: 'custom', bitrateKbps: 160, mono: false } };

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
  { name: 'working-paused', state: stateWith(pausedRows, { summary: { ...workingSummary, mode: 'paused' } }) },
  {
    name: 'working-pausing',
    state: stateWith(pausingRows, { summary: { ...workingSummary, mode: 'paused', finishing: 1 } }),
  },
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
        report: [
          'The converter stopped before it had finished.',
          'Attempt 2',
          'Video: 2 GB, 1:01:40',
          'Track 1: stereo, AAC',
          'Quality: High (V2)',
        ].join('\n'),
        canRetry: true,
      },
    },
    prepare: click(/^Details/),
  },
  ...historyScenes,
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
