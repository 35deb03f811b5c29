import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Notification as ServerNotification } from '../../../shared/api.ts';
import type { AppChange, Notice, Summary, Toast, View } from '../../ipc.ts';
import { durationWords, isolate } from '../../words/measures.ts';
import { say } from '../../words/say.ts';
import type { Backends } from '../backends/backends.ts';
import type { BatchEnd, ConversionList, ListNews } from '../list/conversion-list.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import type { AppTray } from '../tray/app-tray.ts';
import type { RecentSound } from '../tray/tray-look.ts';
import { atMostEvery } from './at-most-every.ts';
import { batchWords, convertedTitle, failureOf, sum, warnedOf } from './batch-words.ts';
import { connectionEvent } from './connection-event.ts';
import { mergeNotices } from './merge-notices.ts';
import { type OwnNotice, openNoticeStore } from './notice-store.ts';
import { createToasts } from './toasts.ts';

/** A notification of the system's own. */
export interface SystemNotification {
  readonly title: string;
  readonly body: string;
  readonly silent: boolean;
  /** The label of its button, where the system has any. */
  readonly action: string;
  /** A click on it, or on its button. */
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
    /** Whether the list is what the window shows now, where that is known: who sees it needs no toast of it. */
    showsList?(): boolean;
  };
  readonly notifySystem: (notification: SystemNotification) => void;
  /** The dock's badge: 0 takes it away. */
  readonly setBadge: (count: number) => void;
  readonly showInFolder: (file: string) => void;
  readonly log: Logger;
}

/** All that the app tells by itself: notices, toasts, what is said aloud, and what the system shows. */
export interface AppNotifications extends Disposable {
  notices(): readonly Notice[];
  toasts(): readonly Toast[];
  /** Called with what changes. Returns what ends it. */
  follow(listener: (change: Extract<AppChange, { type: 'notices' | 'toasts' | 'announce' }>) => void): () => void;
  markNoticesRead(): Promise<void>;
  noticeAction(id: string): void;
  toastAction(id: string): void;
  dismissToast(id: string): void;
  /** What was set aside at this start because it could not be read. */
  tellSetAside(what: 'settings' | 'list'): void;
}

const mostRecent = 3;
const mostNames = 2;
/** So often the taskbar and the dock are told at most. */
const showEveryMilliseconds = 1000;

export function openNotifications(parts: NotificationsParts): AppNotifications {
  const { list, backends, settings, tray, window, home, log } = parts;
  const store = openNoticeStore(parts.file);
  const listeners = new Set<(change: Extract<AppChange, { type: 'notices' | 'toasts' | 'announce' }>) => void>();
  const toasts = createToasts(() => tell({ type: 'toasts', toasts: toasts.all() }));
  let theirs: readonly ServerNotification[] = [];
  let theirsOf = backends.currentKey();
  let unseen = { isDone: false, hasFailed: false };
  let recent: readonly RecentSound[] = [];
  let lastStatus = backends.status();
  let summary = list.summary();
  let lastProgress = '';
  let lastBadge = 0;

  function tell(change: Extract<AppChange, { type: 'notices' | 'toasts' | 'announce' }>): void {
    for (const listener of listeners) listener(change);
  }
  const announce = (text: string): void => tell({ type: 'announce', text });
  const notices = (): readonly Notice[] => mergeNotices(store.all(), theirs);
  const noticesChanged = (): void => tell({ type: 'notices', notices: notices() });

  function add(notice: Omit<OwnNotice, 'id' | 'at' | 'isUnread'>): void {
    store.add({ id: randomUUID(), at: Date.now(), isUnread: true, ...notice });
    noticesChanged();
  }

  function draw(): void {
    tray.draw(summary, unseen, recent);
    showing.run(summary);
  }

  const showing = atMostEvery<Summary>(showEveryMilliseconds, (now) => {
    drawProgress(now);
    if (now.failed === lastBadge) return;
    lastBadge = now.failed;
    parts.setBadge(now.failed);
  });

  function drawProgress({ mode, fraction, failed }: Summary): void {
    const isGoing = mode === 'working' || mode === 'paused' || mode === 'offline';
    const rounded = isGoing ? Math.round(fraction * 100) / 100 : undefined;
    const look = mode === 'working' ? (failed > 0 ? 'error' : 'normal') : 'paused';
    const next = `${rounded} ${look}`;
    if (next === lastProgress) return;
    lastProgress = next;
    window.setProgress(rounded, look);
  }

  function hearNews(news: ListNews): void {
    switch (news.kind) {
      case 'added':
        if (news.count > 0) announce(say('notificationsAdded', { count: news.count }));
        else if (news.leftOut === 0) toasts.tell({ text: say('notificationsNothingFound') });
        if (news.leftOut > 0) toasts.tell({ text: say('notificationsLeftOut', { count: news.leftOut }) });
        break;
      case 'failed':
        announce(failureOf(news));
        break;
      case 'batch_ended':
        endBatch(news.batch);
        break;
      case 'cancelled':
        tellUndo(news.undoId, say('notificationsCancelled', { count: news.count, name: isolate(news.name) }));
        break;
      case 'removed':
        tellUndo(news.undoId, say('notificationsRemoved', { count: news.count }));
        break;
      case 'source_missing':
        toasts.tell({ text: say('notificationsSourceMissing', { name: isolate(news.name) }) });
        break;
    }
  }

  function tellUndo(undoId: string, text: string): void {
    toasts.tell({
      text,
      action: { kind: 'undo', label: say('notificationsUndo') },
      act: () => {
        list.undo(undoId).catch((error: unknown) => log.error({ err: error }, 'could not undo'));
      },
      onGone: () => list.forgetUndo(undoId),
    });
  }

  function endBatch(batch: BatchEnd): void {
    const { batchId, saved, failed } = batch;
    const words = batchWords(batch, home);
    const [first] = saved;
    recent = [...saved.map(({ name, file }) => ({ name, file })).toReversed(), ...recent].slice(0, mostRecent);
    if (first !== undefined)
      add({ batchId, ...savedNotice(batch, home), action: 'show_in_folder', subject: first.file });
    const [firstFailed] = failed;
    if (firstFailed !== undefined) {
      const title = say('notificationsSomeNotConverted', {
        failed: failed.length,
        total: failed.length + saved.length,
      });
      const lines = failed.slice(0, mostNames + 1).map(failureOf);
      add({ batchId, title, names: [], lines, action: 'show_in_list', subject: firstFailed.id });
    }
    announce(words.title);
    const showIt = (): void => {
      if (first !== undefined && failed.length === 0) parts.showInFolder(first.file);
      else window.show(firstFailed === undefined ? { kind: 'now' } : { kind: 'row', id: firstFailed.id });
    };
    if (!window.isInFront()) {
      unseen = { isDone: unseen.isDone || saved.length > 0, hasFailed: unseen.hasFailed || failed.length > 0 };
      const action = say(failed.length === 0 ? 'notificationsShowInFolder' : 'notificationsOpenApp');
      notifySystem({ title: words.title, body: words.detail, action, onClick: showIt });
    } else if (window.showsList?.() === false) {
      const label = say(failed.length === 0 ? 'notificationsShowInFolder' : 'notificationsShowInList');
      const kind = failed.length === 0 ? 'show_in_folder' : 'show_in_list';
      toasts.tell({ text: words.title, action: { kind, label }, act: showIt });
    }
    draw();
  }

  function hearStatus(): void {
    if (backends.currentKey() !== theirsOf) {
      // What another account was told of is not this one's.
      theirsOf = backends.currentKey();
      theirs = [];
      noticesChanged();
    }
    const status = backends.status();
    const event = connectionEvent(lastStatus, status);
    lastStatus = status;
    const { unfinished } = summary;
    if (event === 'lost') announce(say('notificationsOffline'));
    if (event === 'back') announce(say('notificationsOnline'));
    if (event === 'back' && unfinished > 0) {
      const lines = [say('notificationsConnectionBackDetail', { count: unfinished })];
      add({ title: say('notificationsConnectionBack'), names: [], lines });
    }
    if (event === 'sent_away' && unfinished > 0 && status.kind === 'server') askToSignIn(status.host);
  }

  function notifySystem(notification: Omit<SystemNotification, 'silent'>): void {
    const { notify, notifySound } = settings.get();
    if (notify && !window.isInFront()) parts.notifySystem({ ...notification, silent: !notifySound });
  }

  function askToSignIn(host: string): void {
    const title = say('notificationsSignInTitle', { host });
    const detail = say('notificationsSignInDetail', { count: summary.unfinished });
    add({ title, names: [], lines: [detail], action: 'sign_in' });
    const onClick = (): void => window.show({ kind: 'welcome' });
    notifySystem({ title, body: detail, action: say('notificationsSignIn'), onClick });
  }

  function act({ action, subject }: OwnNotice): void {
    if (action === 'show_in_folder' && subject !== undefined) parts.showInFolder(subject);
    if (action === 'show_in_list') window.show(subject === undefined ? { kind: 'now' } : { kind: 'row', id: subject });
    if (action === 'sign_in') window.show({ kind: 'welcome' });
  }

  const ends = [
    list.follow((change) => {
      if (change.type === 'news') hearNews(change.news);
      if (change.type === 'summary') {
        ({ summary } = change);
        draw();
      }
    }),
    backends.follow(hearStatus),
    backends.followNotifications((event) => {
      theirsOf = backends.currentKey();
      if (event.type === 'all') theirs = event.notifications;
      else if (event.type === 'new') {
        theirs = [event.notification, ...theirs.filter(({ id }) => id !== event.notification.id)];
      } else {
        const read = new Set(event.ids);
        const now = new Date().toISOString();
        theirs = theirs.map((one) => (read.has(one.id) && one.readAt === undefined ? { ...one, readAt: now } : one));
      }
      noticesChanged();
    }),
  ];
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
      const unread = theirs.filter(({ readAt }) => readAt === undefined).map(({ id }) => id);
      const now = new Date().toISOString();
      theirs = theirs.map((one) => (one.readAt === undefined ? { ...one, readAt: now } : one));
      noticesChanged();
      if (unread.length === 0) return;
      // Where it cannot be told now, the other devices go on showing them as unread.
      await backends
        .current()
        ?.backend.markRead(unread)
        .catch((error: unknown) => log.warn({ err: error }, 'could not tell what was read'));
    },
    noticeAction(id) {
      const own = store.all().find((notice) => notice.id === id);
      if (own !== undefined) act(own);
    },
    toastAction: toasts.act,
    dismissToast: toasts.dismiss,
    tellSetAside(what) {
      const isSettings = what === 'settings';
      add({
        title: say(isSettings ? 'notificationsSettingsAside' : 'notificationsListAside'),
        names: [],
        lines: [say(isSettings ? 'notificationsSettingsAsideDetail' : 'notificationsListAsideDetail')],
      });
    },
    [Symbol.dispose]() {
      for (const end of ends) end();
      showing[Symbol.dispose]();
      toasts[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

function savedNotice({ saved }: BatchEnd, home: string): Pick<OwnNotice, 'title' | 'names' | 'lines'> {
  const length = durationWords(sum(saved.map(({ seconds }) => seconds)));
  if (saved.length === 1) {
    const { title, detail } = batchWords({ batchId: '', saved, failed: [] }, home);
    return { title, names: [], lines: [detail] };
  }
  const more = saved.length - mostNames;
  return {
    title: convertedTitle(saved.length, warnedOf(saved)),
    names: saved.slice(0, mostNames).map(({ name }) => name),
    lines: [more > 0 ? say('notificationsMore', { count: more, length }) : say('notificationsLengthInAll', { length })],
  };
}
