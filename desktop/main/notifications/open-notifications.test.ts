import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { openBackendsStand } from '../../../backend/tests/running/backends-stand.ts';
import { openServerStand } from '../../../backend/tests/running/server-stand.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';
import type { Notification } from '../../../shared/api.ts';
import type { BackendStatus, Summary } from '../../ipc.ts';
import { emptySummary as idle } from '../../tests/app-state.ts';
import { keepSettingsInMemory } from '../../tests/settings-in-memory.ts';
import type { Backends, NotificationEvent } from '../backends/backends.ts';
import type { BatchEnd, ConversionList, ListChange, ListNews } from '../list/conversion-list.ts';
import type { KeptSettings } from '../settings/settings-store.ts';
import { openNotifications } from './open-notifications.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-notifications-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const home = '/home/somebody';
const talk = {
  id: '1',
  name: 'Talk.mp3',
  seconds: 3300,
  bytes: 76_000_000,
  file: '/home/somebody/Movies/Talk.mp3',
  warned: false,
};
const silent = { id: '2', name: 'Drone.mp4', code: 'no_audio' } as const;
const one: BatchEnd = { batchId: 'b', saved: [talk], failed: [] };
const mixed: BatchEnd = { batchId: 'b', saved: [talk], failed: [silent] };

type ServerStatus = Extract<BackendStatus, { readonly kind: 'server' }>;
const connected: ServerStatus = {
  kind: 'server',
  host: 'sound.example.org',
  email: 'you@example.org',
  connection: 'connected',
  confirmed: true,
  thisSessionOnly: false,
  readable: false,
};

interface StandOptions {
  readonly settings?: Partial<KeptSettings>;
  readonly isInFront?: boolean;
  readonly showsList?: boolean;
  readonly status?: BackendStatus;
  readonly backends?: Backends;
  readonly file?: string;
}

/** The notifications for a list and backends that the test controls. */
function openStand(options: StandOptions = {}) {
  const calls: string[] = [];
  const said: string[] = [];
  let isInFront = options.isInFront ?? false;
  let status: BackendStatus = options.status ?? { kind: 'here', state: 'ready', advisedAtOnce: 2 };
  let key = 'here';
  let listHears: (change: ListChange) => void = () => undefined;
  let placeChanged = (): void => undefined;
  let windowChanged = (): void => undefined;
  let notified: (event: NotificationEvent) => void = () => undefined;
  const clicks: (() => void)[] = [];
  const list = {
    summary: () => idle,
    follow(listener: typeof listHears) {
      listHears = listener;
      return () => undefined;
    },
    undo: async (id: string) => void calls.push(`undo ${id}`),
    forgetUndo: (id: string) => void calls.push(`forget ${id}`),
  } as unknown as ConversionList;
  const scripted = {
    status: () => status,
    currentKey: () => key,
    current: () => undefined,
    follow(listener: () => void) {
      placeChanged = listener;
      return () => undefined;
    },
    followNotifications(listener: typeof notified) {
      notified = listener;
      return () => undefined;
    },
  } as unknown as Backends;
  const notifications = openNotifications({
    file: options.file ?? join(folder, 'notices.sqlite'),
    home,
    list,
    backends: options.backends ?? scripted,
    settings: keepSettingsInMemory(options.settings),
    tray: {
      draw: (summary, unseen) =>
        void calls.push(`tray ${summary.mode}${unseen.isDone ? ' done' : ''}${unseen.hasFailed ? ' failed' : ''}`),
    },
    window: {
      isInFront: () => isInFront,
      show: (view) => void calls.push(`show ${JSON.stringify(view)}`),
      setProgress: (fraction, mode) => void calls.push(`progress ${fraction} ${mode}`),
      follow(listener) {
        windowChanged = listener;
      },
      ...(options.showsList === undefined ? {} : { showsList: () => options.showsList === true }),
    },
    notifySystem({ title, body, silent: isSilent, action, onClick }) {
      calls.push(`notify ${title} | ${body} | ${action}${isSilent ? '' : ' | aloud'}`);
      clicks.push(onClick);
    },
    setBadge: (count) => void calls.push(`badge ${count}`),
    showInFolder: (file) => void calls.push(`file ${file}`),
    log: pino({ level: 'silent' }),
  });
  notifications.follow((change) => change.type === 'announce' && said.push(change.text));
  calls.length = 0;
  return {
    notifications,
    calls,
    said,
    news: (news: ListNews) => listHears({ type: 'news', news }),
    ended: (batch: BatchEnd) => listHears({ type: 'news', news: { kind: 'batch_ended', batch } }),
    summary: (summary: Summary) => listHears({ type: 'summary', summary }),
    notify: (event: NotificationEvent) => notified(event),
    click: () => clicks.at(-1)?.(),
    toFront() {
      isInFront = true;
      windowChanged();
    },
    moveTo(next: BackendStatus, nextKey = key) {
      status = next;
      key = nextKey;
      placeChanged();
    },
    [Symbol.dispose]: () => notifications[Symbol.dispose](),
  };
}

describe('a batch that has ended', () => {
  it.each([
    [
      'with the window away',
      one,
      {},
      ['notify Talk.mp3 is ready | 55 min, 76 MB, saved in Movies. | Show in folder', 'tray empty done'],
      [],
    ],
    [
      'with a failure',
      mixed,
      {},
      ['notify 1 converted, 1 failed | Drone.mp4 has no sound. | Open Soundlift', 'tray empty done failed'],
      [],
    ],
    [
      'with sound switched on',
      one,
      { settings: { notifySound: true } },
      ['notify Talk.mp3 is ready | 55 min, 76 MB, saved in Movies. | Show in folder | aloud', 'tray empty done'],
      [],
    ],
    ['with notifications switched off', one, { settings: { notify: false } }, ['tray empty done'], []],
    ['with the list in front', one, { isInFront: true, showsList: true }, ['tray empty'], []],
    ['with another page in front', one, { isInFront: true, showsList: false }, ['tray empty'], ['Talk.mp3 is ready']],
  ] as const)('%s', (_how, batch, options, calls, toasts) => {
    using stand = openStand(options);
    stand.ended(batch);
    expect(stand.calls).toEqual(calls);
    expect(stand.notifications.toasts().map(({ text }) => text)).toEqual(toasts);
  });

  it.each([
    [one, 'file /home/somebody/Movies/Talk.mp3'],
    [mixed, 'show {"kind":"row","id":"2"}'],
  ])('shows the file when clicked, or the list if something failed', (batch, call) => {
    using stand = openStand();
    stand.ended(batch);
    stand.click();
    expect(stand.calls.at(-1)).toBe(call);
  });

  it('makes one notice of the saved MP3s and one of the failures, each with an action', () => {
    using stand = openStand();
    stand.ended(mixed);
    const notices = stand.notifications.notices();
    expect(notices.map(({ title, action }) => [title, action?.kind])).toEqual([
      ['1 of 2 could not be converted', 'show_in_list'],
      ['Talk.mp3 is ready', 'show_in_folder'],
    ]);
    for (const { id } of notices) stand.notifications.noticeAction(id);
    expect(stand.calls.slice(-2)).toEqual(['show {"kind":"row","id":"2"}', 'file /home/somebody/Movies/Talk.mp3']);
  });

  it('is marked in the tray until the window is in front', () => {
    using stand = openStand();
    stand.ended(mixed);
    stand.toFront();
    stand.toFront();
    expect(stand.calls.slice(1)).toEqual(['tray empty done failed', 'tray empty']);
  });
});

describe('announcements', () => {
  it('cover added videos, failures with reasons, ended batches and the connection, and never progress', () => {
    using stand = openStand({ status: connected });
    stand.news({ kind: 'added', count: 5, leftOut: 2 });
    stand.summary({ ...idle, mode: 'working', total: 5, unfinished: 5, fraction: 0.5 });
    stand.news({ kind: 'failed', ...silent });
    stand.moveTo({ ...connected, connection: 'offline' });
    stand.moveTo(connected);
    stand.ended({ ...mixed, saved: [talk, talk, talk, talk, talk] });
    expect(stand.said).toEqual([
      '5 videos added',
      'Drone.mp4 has no sound.',
      'No connection',
      'Connected',
      '5 converted, 1 failed',
    ]);
    expect(stand.notifications.toasts().map(({ text }) => text)).toEqual(["Skipped 2 files that aren't videos."]);
  });
});

it('a full disk is shown and announced', () => {
  using stand = openStand();
  stand.news({ kind: 'list_disk_full' });
  const words = 'The disk is full, so Soundlift cannot keep changes to your list. Free some space.';
  expect([stand.notifications.toasts().map(({ text }) => text), stand.said]).toEqual([[words], [words]]);
});

describe('an undo', () => {
  it('happens when the toast is pressed, and then its data is removed', () => {
    using stand = openStand();
    stand.news({ kind: 'cancelled', undoId: 'u', count: 1, name: 'Talk.mp4' });
    const [toast] = stand.notifications.toasts();
    expect(toast).toMatchObject({ text: 'Cancelled Talk.mp4.', action: { kind: 'undo', label: 'Undo' } });
    stand.notifications.toastAction(toast?.id ?? '');
    expect(stand.calls).toEqual(['undo u', 'forget u']);
  });

  it('is no longer possible when the toast has disappeared', () => {
    using stand = openStand();
    stand.news({ kind: 'removed', undoId: 'u', count: 3, name: 'Talk.mp4' });
    stand.notifications.dismissToast(stand.notifications.toasts()[0]?.id ?? '');
    expect(stand.calls).toEqual(['forget u']);
  });
});

describe('a server', () => {
  it('that requires a sign-in while videos wait makes a notice that opens the sign-in', () => {
    using stand = openStand({ status: connected });
    stand.summary({ ...idle, mode: 'working', total: 3, unfinished: 3 });
    stand.calls.length = 0;
    stand.moveTo({ ...connected, connection: 'signed_out' });
    stand.moveTo({ ...connected, connection: 'signed_out' });
    expect(stand.calls).toEqual([
      'notify Sign in to sound.example.org | 3 videos are waiting for you to sign in. | Sign in',
    ]);
    stand.click();
    expect(stand.calls.at(-1)).toBe('show {"kind":"welcome"}');
    expect(stand.notifications.notices()).toMatchObject([
      { unread: true, action: { kind: 'sign_in', label: 'Sign in' } },
    ]);
  });

  it('from which the person has signed out makes no notice', () => {
    using stand = openStand({ status: connected });
    stand.summary({ ...idle, mode: 'working', total: 3, unfinished: 3 });
    stand.calls.length = 0;
    stand.moveTo({ ...connected, connection: 'signed_out', leftOnPurpose: true });
    expect(stand.calls).toEqual([]);
    expect(stand.notifications.notices()).toEqual([]);
  });

  it('with another account does not show the notifications of the first', () => {
    using stand = openStand({ status: connected });
    const notification: Notification = {
      id: 'n',
      kind: 'one',
      batchId: 'x',
      conversionIds: [],
      counts: { done: 1, failed: 0, warned: 0 },
      seconds: 1,
      bytes: 1,
      message: '',
      createdAt: new Date().toISOString(),
    };
    stand.notify({ type: 'new', notification });
    expect(stand.notifications.notices()).toHaveLength(1);
    stand.moveTo({ ...connected, email: 'bob@example.org' }, 'bob');
    expect(stand.notifications.notices()).toEqual([]);
  });
});

describe('the taskbar and the dock', () => {
  const working: Summary = { ...idle, mode: 'working', total: 4, unfinished: 4 };
  it.each([
    ['work', { ...working, fraction: 0.256 }, ['progress 0.26 normal']],
    ['work of which some failed', { ...working, failed: 2, fraction: 0.5 }, ['progress 0.5 error', 'badge 2']],
    ['a pause', { ...working, mode: 'paused', fraction: 0.5 }, ['progress 0.5 paused']],
    ['no connection', { ...working, mode: 'offline', fraction: 0.5 }, ['progress 0.5 paused']],
    ['success by nothing', { ...idle, mode: 'finished', total: 4, done: 4, fraction: 1 }, []],
  ] as const)('show %s', (_what, summary, expected) => {
    vi.useFakeTimers();
    using stand = openStand();
    stand.summary(summary);
    vi.advanceTimersByTime(1000);
    expect(stand.calls.filter((call) => !call.startsWith('tray'))).toEqual(expected);
  });

  it('change at most once a second, and lose the bar and the badge at the end', () => {
    vi.useFakeTimers();
    using stand = openStand();
    for (let step = 0; step < 40; step += 1) {
      stand.summary({ ...working, failed: 1, fraction: step / 100 });
      vi.advanceTimersByTime(100);
    }
    const bars = stand.calls.filter((call) => call.startsWith('progress'));
    expect(bars.length).toBeLessThanOrEqual(5);
    expect(bars.length).toBeGreaterThanOrEqual(4);
    stand.summary(idle);
    vi.advanceTimersByTime(1000);
    expect(stand.calls.slice(-2)).toEqual(['progress undefined paused', 'badge 0']);
  });
});

it('notices are still there after a restart, read or unread', async () => {
  {
    using stand = openStand();
    stand.notifications.reportSetAside('settings');
    await stand.notifications.markNoticesRead();
    stand.ended(one);
  }
  using again = openStand();
  expect(again.notifications.notices().map(({ title, unread }) => [title, unread])).toEqual([
    ['Talk.mp3 is ready', true],
    ['Your settings could not be read', false],
  ]);
});

it('a notification that is read on one device is read on the other', async () => {
  await using server = await openServerStand();
  await using media = await openMediaFolder();
  await using mine = await openBackendsStand();
  await using other = await openBackendsStand();
  const { email, password } = server.account;
  for (const { backends } of [mine, other]) {
    expect(await backends.signIn({ address: server.line.url, email, password })).toEqual({ ok: true });
  }
  using here = openStand({ backends: mine.backends });
  using there = openStand({ backends: other.backends, file: join(folder, 'other.sqlite') });
  const path = await media.make({ container: 'mp4', seconds: 1 });
  const file = { path, fileName: 'talk.mp4', bytes: (await stat(path)).size };
  const batch = { batchId: crypto.randomUUID(), batchSize: 1 };
  await mine.backends
    .current()
    ?.backend.submit({ file, options: { format: 'mp3' }, batch }, new AbortController().signal);
  for (const { notifications } of [here, there]) {
    await waitUntil('both notices', () => notifications.notices().some(({ unread }) => unread));
  }
  // The app's own notice replaces the server's notification and stays unread.
  here.ended({ ...one, batchId: batch.batchId });
  expect(here.notifications.notices().map(({ title, unread }) => [title, unread])).toEqual([
    ['Talk.mp3 is ready', true],
  ]);
  await there.notifications.markNoticesRead();
  await waitUntil('it is read here', () => here.notifications.notices().every(({ unread }) => !unread));
  const [kept] = await server.account.notifications();
  expect(kept?.readAt).toBeDefined();
});
