import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { AppChange, Notice, Toast, View } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import type { Backends } from '../backends/backends.ts';
import type { ConversionList } from '../list/conversion-list.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import type { AppTray } from '../tray/app-tray.ts';
import type { RecentSound } from '../tray/tray-look.ts';
import { mergeNotices } from './merge-notices.ts';
import { type OwnNotice, openNoticeStore } from './notice-store.ts';
import { createConnectionReporter } from './report-connection.ts';
import { createNewsReporter } from './report-news.ts';
import { followServerNotices } from './server-notices.ts';
import { showProgress } from './show-progress.ts';
import { createToasts } from './toasts.ts';

/** A notification that the system shows. */
export interface SystemNotification {
  readonly title: string;
  readonly body: string;
  readonly silent: boolean;
  /** The label of its button, if the system shows buttons. */
  readonly action: string;
  /** Called for a click on it or on its button. */
  readonly onClick: () => void;
}

export interface NotificationsParts {
  /** Absolute path of the SQLite file of the app's own notices. */
  readonly file: string;
  /** Absolute path of the person's home folder. */
  readonly home: string;
  readonly list: ConversionList;
  readonly backends: Backends;
  readonly settings: SettingsStore;
  readonly tray: Pick<AppTray, 'draw'>;
  readonly window: {
    isInFront(): boolean;
    show(view?: View): void;
    setProgress(fraction: number | undefined, mode: 'normal' | 'paused' | 'error'): void;
    follow(listener: () => void): void;
    /** Whether the window shows the list now. Then no toast reports what is visible in the list. */
    showsList?(): boolean;
  };
  readonly notifySystem: (notification: SystemNotification) => void;
  /** The dock's badge: 0 removes it. */
  readonly setBadge: (count: number) => void;
  readonly showInFolder: (file: string) => void;
  readonly log: Logger;
}

/** Everything that the app reports by itself: notices, toasts, announcements, and what the system shows. */
export interface AppNotifications extends Disposable {
  notices(): readonly Notice[];
  toasts(): readonly Toast[];
  /** Calls `listener` with each change. Returns a function that stops this. */
  follow(listener: (change: NotificationChange) => void): () => void;
  markNoticesRead(): Promise<void>;
  noticeAction(id: string): void;
  toastAction(id: string): void;
  dismissToast(id: string): void;
  /** Reports a file that was set aside at this start because it could not be read. */
  reportSetAside(what: 'settings' | 'list'): void;
}

/** The most recent MP3s in the tray's menu. */
const mostRecent = 3;

type NotificationChange = Extract<AppChange, { type: 'notices' | 'toasts' | 'announce' }>;

export function openNotifications(parts: NotificationsParts): AppNotifications {
  const { list, backends, settings, tray, window, home, showInFolder, log } = parts;
  const store = openNoticeStore(parts.file);
  const listeners = new Set<(change: NotificationChange) => void>();
  const toasts = createToasts(() => send({ type: 'toasts', toasts: toasts.all() }));
  let unseen = { isDone: false, hasFailed: false };
  let recent: readonly RecentSound[] = [];
  let summary = list.summary();

  function send(change: NotificationChange): void {
    for (const listener of listeners) listener(change);
  }
  const announce = (text: string): void => send({ type: 'announce', text });
  const notices = (): readonly Notice[] => mergeNotices(store.all(), theirs.all());
  const noticesChanged = (): void => send({ type: 'notices', notices: notices() });
  const theirs = followServerNotices({ backends, onChange: noticesChanged, log });
  const progress = showProgress({ setProgress: window.setProgress, setBadge: parts.setBadge });

  function addNotice(notice: Omit<OwnNotice, 'id' | 'at' | 'isUnread'>): void {
    store.add({ id: randomUUID(), at: Date.now(), isUnread: true, ...notice });
    noticesChanged();
  }

  function notifySystem(notification: Omit<SystemNotification, 'silent'>): void {
    const { notify, notifySound } = settings.get();
    if (notify && !window.isInFront()) parts.notifySystem({ ...notification, silent: !notifySound });
  }

  function draw(): void {
    tray.draw(summary, unseen, recent);
    progress.show(summary);
  }

  const reportNews = createNewsReporter({
    home,
    window,
    showInFolder,
    list,
    toasts,
    announce,
    addNotice,
    notifySystem,
    onBatchEnd({ saved, failed }) {
      recent = [...saved.map(({ name, file }) => ({ name, file })).toReversed(), ...recent].slice(0, mostRecent);
      if (!window.isInFront()) {
        unseen = { isDone: unseen.isDone || saved.length > 0, hasFailed: unseen.hasFailed || failed.length > 0 };
      }
      draw();
    },
    log,
  });

  const showWelcome = (): void => window.show({ kind: 'welcome' });
  const reportConnection = createConnectionReporter(backends.status(), {
    announce,
    addNotice,
    notifySystem,
    showWelcome,
  });

  function act({ action, subject }: OwnNotice): void {
    if (action === 'show_in_folder' && subject !== undefined) showInFolder(subject);
    if (action === 'show_in_list') window.show(subject === undefined ? { kind: 'now' } : { kind: 'row', id: subject });
    if (action === 'sign_in') showWelcome();
  }

  const unfollowList = list.follow((change) => {
    if (change.type === 'news') reportNews(change.news);
    if (change.type === 'summary') {
      ({ summary } = change);
      draw();
    }
  });
  const unfollowBackends = backends.follow(() => {
    theirs.dropOthers();
    reportConnection(backends.status(), summary.unfinished);
  });
  window.follow(() => {
    if (!window.isInFront() || !(unseen.isDone || unseen.hasFailed)) return;
    unseen = { isDone: false, hasFailed: false };
    draw();
  });
  draw();

  return {
    notices,
    toasts: toasts.all,
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async markNoticesRead() {
      store.markRead(store.all().flatMap(({ id, isUnread }) => (isUnread ? [id] : [])));
      await theirs.markRead();
    },
    noticeAction(id) {
      const own = store.all().find((notice) => notice.id === id);
      if (own !== undefined) act(own);
    },
    toastAction: toasts.act,
    dismissToast: toasts.dismiss,
    reportSetAside: (what) => addNotice(setAsideNotice(what)),
    [Symbol.dispose]() {
      unfollowList();
      unfollowBackends();
      theirs[Symbol.dispose]();
      progress[Symbol.dispose]();
      toasts[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

function setAsideNotice(what: 'settings' | 'list'): Pick<OwnNotice, 'title' | 'names' | 'lines'> {
  const isSettings = what === 'settings';
  return {
    title: say(isSettings ? 'notificationsSettingsAside' : 'notificationsListAside'),
    names: [],
    lines: [say(isSettings ? 'notificationsSettingsAsideDetail' : 'notificationsListAsideDetail')],
  };
}
