import type { ErrorCode } from '../../shared/errors.ts';
import { withoutTrailing } from '../../shared/without-trailing.ts';
import { type Failure, failureSentence } from '../../shared/words/failure-sentence.ts';
import { sayShared } from '../../shared/words/say.ts';

type WaysOut = Readonly<Partial<Record<ErrorCode, string>>>;

const freeSpace = 'Free some space, then try again.';

/** What a person can do about a failure of any command. Where a code has no entry, the sentence that came with it says so itself. */
const waysOut: WaysOut = {
  bad_request: 'Do server and client have the same version?',
  unauthorized: 'Sign in with soundlift login and the address of the server.',
  method_not_allowed: 'Do server and client have the same version?',
  request_timeout: 'Try again.',
  wrong_state: 'Try again.',
  wrong_version: 'Do server and client have the same version?',
  locked: 'Try again in a moment.',
  too_many: 'Wait a moment, then try again.',
  internal: 'Please report it.',
  disk_full: freeSpace,
};

/** What a person can do when `convert` has failed. Only here may a sentence name an option of `convert`. */
const convertsWaysOut: WaysOut = {
  not_media: 'Check that it plays in another program.',
  no_audio: 'Check that it plays with sound in another program.',
  damaged: 'Download or copy the file again, or try another format.',
  too_long: 'Cut it into parts, or raise MAX_DURATION_SECONDS.',
  timed_out: 'Try again when the computer is less busy.',
  converter_failed: 'Try again. If it fails again, please report it.',
  not_found: 'It may have been removed. Convert the file again.',
  taken: 'Choose another name.',
  gone: 'Convert the file again.',
  too_large: 'Cut it into parts.',
  range_not_satisfiable: 'Try again.',
  checksum_mismatch: 'Try again.',
  source_missing: 'Check its name and its folder.',
  source_unreadable: 'Check its permissions, or copy it elsewhere.',
  target_unwritable: 'Choose another folder with -o.',
  cancelled: 'Convert the file again.',
};

/** The same if a server converts: the person can neither change its settings nor free its disk. */
const serversWaysOut: WaysOut = {
  too_long: 'Cut it into parts.',
  disk_full: 'Try again later.',
};

/** The same by how the sentence of the failure begins, where one code has sentences that need different advice. */
function convertsSentences(): readonly (readonly [beginning: string, wayOut: string])[] {
  const aFile = 'Give a video or audio file, or a folder with some.';
  const anotherTrack = 'Choose another one with --track.';
  return [
    [sayShared('failEmpty'), 'Check that the download finished.'],
    [sayShared('failIncomplete'), 'Download or copy it again.'],
    [sayShared('failFolder'), aFile],
    [sayShared('failNotFile'), aFile],
    [sayShared('failNotFileNorFolder'), aFile],
    [sayShared('failFolderEmpty'), 'MP3s and hidden files in it are left out; to convert one, name it.'],
    [sayShared('failSourceAddress'), 'Download the video, then convert the file.'],
    [sayShared('failSourceNameTooLong'), 'Check the name.'],
    [sayShared('failSourceNotUtf8'), 'Give it another name.'],
    [sayShared('failSourceLoop'), 'Name the file itself.'],
    [sayShared('failSourceChanged'), 'Try again once it no longer changes.'],
    // With or without the name of a folder.
    [withoutTrailing(sayShared('failTargetDiskFull'), '.'), freeSpace],
    [sayShared('failTargetFileTooLarge'), 'Choose a folder on another disk with -o.'],
    [sayShared('failNoAudioTrack', { tracks: 2 }), anotherTrack],
    [sayShared('failNoAudioTrack', { tracks: 3 }), anotherTrack],
    [sayShared('failDamagedTrack', { tracks: 2 }), anotherTrack],
    [sayShared('failDamagedTrack', { tracks: 3 }), anotherTrack],
    [sayShared('failNoSuchTrack'), 'The first one is --track 0.'],
  ];
}

/**
 * Why something failed, and what a person can do about it. The sentence that came with the failure is used where there is one.
 * @param command the command that failed, as typed
 * @param onServer whether a server converts, whose settings the person cannot change
 */
export function failureWords(failure: Failure, command: string | undefined, onServer = false): string {
  const sentence = failure.message || failureSentence(failure);
  const wayOut = wayOutOf(failure.code, sentence, command, onServer);
  return wayOut === undefined ? sentence : `${sentence} ${wayOut}`;
}

function wayOutOf(code: string, sentence: string, command: string | undefined, onServer: boolean): string | undefined {
  // The person is signing in already.
  if (code === 'unauthorized' && (command === 'login' || sentence === sayShared('failWrongPassword'))) return undefined;
  if (command !== 'convert') return of(waysOut, code);
  return (
    convertsSentences().find(([beginning]) => sentence.startsWith(beginning))?.[1] ??
    (onServer ? of(serversWaysOut, code) : undefined) ??
    of(convertsWaysOut, code) ??
    of(waysOut, code)
  );
}

/** A newer server may send a code that is not in {@link ErrorCode}. */
function of(ways: WaysOut, code: string): string | undefined {
  return Object.hasOwn(ways, code) ? ways[code as ErrorCode] : undefined;
}
