import type { Notification } from '../../../shared/api.ts';
import type { Notice } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { notificationWords } from './batch-words.ts';
import type { OwnNotice } from './notice-store.ts';

const mostShown = 100;

const actionLabels = {
  show_in_folder: 'notificationsShowInFolder',
  show_in_list: 'notificationsShowInList',
  sign_in: 'notificationsSignIn',
} as const;

/**
 * Merges the backend's notifications and the app's own notices, newest first. If both are about one batch, only the app's is kept, because it
 * knows where the MP3s were saved. It counts as read if either was read.
 */
export function mergeNotices(own: readonly OwnNotice[], theirs: readonly Notification[]): readonly Notice[] {
  const ownBatches = new Set(own.flatMap(({ batchId }) => batchId ?? []));
  const readThere = new Set(theirs.flatMap(({ batchId, readAt }) => (readAt === undefined ? [] : [batchId])));
  const mine = own.map((notice) => shownOwn(notice, notice.batchId !== undefined && readThere.has(notice.batchId)));
  const others = theirs.filter(({ batchId }) => !ownBatches.has(batchId)).map(shownTheirs);
  return [...mine, ...others].toSorted((one, other) => other.at - one.at).slice(0, mostShown);
}

function shownOwn({ id, at, isUnread, title, names, lines, action }: OwnNotice, isReadThere: boolean): Notice {
  return {
    id,
    unread: isUnread && !isReadThere,
    at,
    title,
    names,
    lines,
    ...(action === undefined ? {} : { action: { kind: action, label: say(actionLabels[action]) } }),
  };
}

function shownTheirs(notification: Notification): Notice {
  const { title, detail } = notificationWords(notification);
  return {
    id: notification.id,
    unread: notification.readAt === undefined,
    at: Date.parse(notification.createdAt),
    title,
    names: [],
    lines: detail === '' ? [] : [detail],
  };
}
