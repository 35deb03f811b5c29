import type { Logger } from 'pino';
import { durationWords, isolate } from '../../../shared/words/measures.ts';
import { say } from '../../words/say.ts';
import type { BatchEnd, ConversionList, ListNews } from '../list/conversion-list.ts';
import { batchWords, convertedTitle, failureOf, sum, warnedOf } from './batch-words.ts';
import type { OwnNotice } from './notice-store.ts';
import type { NotificationsParts, SystemNotification } from './open-notifications.ts';
import type { Toasts } from './toasts.ts';

export interface ReportNewsParts extends Pick<NotificationsParts, 'home' | 'window' | 'showInFolder'> {
  readonly list: Pick<ConversionList, 'undo' | 'forgetUndo'>;
  readonly toasts: Toasts;
  readonly announce: (text: string) => void;
  readonly addNotice: (notice: Omit<OwnNotice, 'id' | 'at' | 'isUnread'>) => void;
  readonly notifySystem: (notification: Omit<SystemNotification, 'silent'>) => void;
  /** Called after a batch has been reported. */
  readonly onBatchEnd: (batch: BatchEnd) => void;
  readonly log: Logger;
}

/** The most names in one notice. */
const mostNames = 2;

/** Returns a function that reports the news of the list: by toasts, notices, a screen reader and the system's notifications. */
export function createNewsReporter(parts: ReportNewsParts): (news: ListNews) => void {
  const { home, window, toasts, announce } = parts;

  function offerUndo(undoId: string, text: string): void {
    toasts.show({
      text,
      action: { kind: 'undo', label: say('notificationsUndo') },
      act: () => {
        parts.list.undo(undoId).catch((error: unknown) => parts.log.error({ err: error }, 'could not undo'));
      },
      onGone: () => parts.list.forgetUndo(undoId),
    });
  }

  function noteBatch(batch: BatchEnd): void {
    const { batchId, saved, failed } = batch;
    const [first] = saved;
    if (first !== undefined) {
      parts.addNotice({ batchId, ...savedNotice(batch, home), action: 'show_in_folder', subject: first.file });
    }
    const [firstFailed] = failed;
    if (firstFailed === undefined) return;
    const title = say('notificationsSomeNotConverted', { failed: failed.length, total: failed.length + saved.length });
    const lines = failed.slice(0, mostNames + 1).map(failureOf);
    parts.addNotice({ batchId, title, names: [], lines, action: 'show_in_list', subject: firstFailed.id });
  }

  function endBatch(batch: BatchEnd): void {
    noteBatch(batch);
    const words = batchWords(batch, home);
    announce(words.title);
    const [first] = batch.saved;
    const [firstFailed] = batch.failed;
    const isAllSaved = firstFailed === undefined;
    const showIt = (): void => {
      if (first !== undefined && isAllSaved) parts.showInFolder(first.file);
      else window.show(isAllSaved ? { kind: 'now' } : { kind: 'row', id: firstFailed.id });
    };
    if (!window.isInFront()) {
      const action = say(isAllSaved ? 'notificationsShowInFolder' : 'notificationsOpenApp');
      parts.notifySystem({ title: words.title, body: words.detail, action, onClick: showIt });
    } else if (window.showsList?.() === false) {
      const label = say(isAllSaved ? 'notificationsShowInFolder' : 'notificationsShowInList');
      const kind = isAllSaved ? 'show_in_folder' : 'show_in_list';
      toasts.show({ text: words.title, action: { kind, label }, act: showIt });
    }
    parts.onBatchEnd(batch);
  }

  return (news) => {
    switch (news.kind) {
      case 'added':
        if (news.count > 0) announce(say('notificationsAdded', { count: news.count }));
        else if (news.leftOut === 0) toasts.show({ text: say('notificationsNothingFound') });
        if (news.leftOut > 0) toasts.show({ text: say('notificationsLeftOut', { count: news.leftOut }) });
        break;
      case 'failed':
        announce(failureOf(news));
        break;
      case 'batch_ended':
        endBatch(news.batch);
        break;
      case 'cancelled':
        offerUndo(news.undoId, say('notificationsCancelled', { count: news.count, name: isolate(news.name) }));
        break;
      case 'removed':
        offerUndo(news.undoId, say('notificationsRemoved', { count: news.count }));
        break;
      case 'list_disk_full':
        announce(say('notificationsDataDiskFull'));
        toasts.show({ text: say('notificationsDataDiskFull') });
        break;
      case 'source_missing':
        toasts.show({ text: say('notificationsSourceMissing', { name: isolate(news.name) }) });
        break;
    }
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
