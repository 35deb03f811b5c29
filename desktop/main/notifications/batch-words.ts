import { dirname } from 'node:path';
import type { Notification } from '../../../shared/api.ts';
import { failureSentence, trackFailureSentence } from '../../../shared/words/failure-sentence.ts';
import { durationWords, isolate, sizeWords } from '../../../shared/words/measures.ts';
import { folderText } from '../../words/folder-text.ts';
import { say } from '../../words/say.ts';
import type { BatchEnd, FailedVideo } from '../list/conversion-list.ts';
import { folderWords } from '../list/folder-words.ts';

/** The words for a batch, in a notification of the system and in the app. */
export interface BatchWords {
  readonly title: string;
  readonly detail: string;
}

/** @param home absolute path of the person's home folder */
export function batchWords({ saved, failed }: BatchEnd, home: string): BatchWords {
  const [first] = saved;
  const [firstFailed] = failed;
  if (first === undefined || firstFailed !== undefined) {
    const title =
      saved.length === 0
        ? say('notificationsNoneConverted', { count: failed.length })
        : say('notificationsMixed', { done: saved.length, failed: failed.length });
    return { title, detail: firstFailed === undefined ? '' : failureOf(firstFailed) };
  }
  const length = durationWords(sum(saved.map(({ seconds }) => seconds)));
  const size = sizeWords(sum(saved.map(({ bytes }) => bytes)));
  const folder = folderOf(
    saved.map(({ file }) => file),
    home,
  );
  if (saved.length === 1) {
    return {
      title: say('notificationsOneReady', { name: isolate(first.name) }),
      detail: say('notificationsOneDetail', { length, size, folder }),
    };
  }
  return {
    title: convertedTitle(saved.length, warnedOf(saved)),
    detail: say('notificationsBatchDetail', { folder, length, size }),
  };
}

/** `5 videos converted`, and how many of them are cut short. */
export function convertedTitle(count: number, warned: number): string {
  return warned === 0 ? say('notificationsBatch', { count }) : say('notificationsBatchWarned', { count, warned });
}

export function failureOf({ name, code, message, tracks = 1 }: FailedVideo): string {
  const ofTrack = trackFailureSentence(code, tracks);
  if (ofTrack !== undefined) return say('notificationsFailure', { name: isolate(name), reason: ofTrack });
  if (code === 'no_audio') return say('notificationsNoSound', { name: isolate(name) });
  const reason = failureSentence({ code, ...(message === undefined ? {} : { message }) });
  return say('notificationsFailure', { name: isolate(name), reason });
}

export function warnedOf(saved: BatchEnd['saved']): number {
  return saved.filter(({ warned }) => warned).length;
}

/** The words for a server's notification about a batch that this device does not know. */
export function notificationWords({ kind, message, counts, seconds, bytes }: Notification): BatchWords {
  // Of a newer server.
  if (kind !== 'one' && kind !== 'batch') return { title: isolate(message), detail: '' };
  const { done, failed, warned } = counts;
  const length = durationWords(seconds);
  const size = sizeWords(bytes);
  const detail = done === 0 ? '' : say('notificationsBatchDetailThere', { length, size });
  if (done === 0) return { title: say('notificationsNoneConverted', { count: failed }), detail };
  if (failed > 0) return { title: say('notificationsMixed', { done, failed }), detail };
  return { title: convertedTitle(done, warned), detail };
}

function folderOf(files: readonly string[], home: string): string {
  const folders = new Set(files.map((file) => dirname(file)));
  const [only] = folders;
  return only !== undefined && folders.size === 1
    ? folderText(folderWords(only, home))
    : say('notificationsSeveralFolders');
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
