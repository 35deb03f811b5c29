import { assertNever, type ErrorCode } from '../../shared/errors.ts';
import { failureSentence, trackFailureSentence, warningSentence } from '../../shared/words/failure-sentence.ts';
import { isolate, percentWords, sizePartWords, sizeWords, speedWords } from '../../shared/words/measures.ts';
import type { Row, RowState } from '../ipc.ts';
import { folderText } from './folder-text.ts';
import { type MessageName, say } from './say.ts';

/** What the button of a row does: it makes the request of that name, or opens a sheet or page. */
export type RowRequest =
  | 'showInFolder'
  | 'saveElsewhere'
  | 'continueRow'
  | 'retry'
  | 'convertAgain'
  | 'showSource'
  | 'convertHere'
  | 'findSource'
  | 'signIn'
  | 'tracks'
  | 'details';

export interface RowAction {
  readonly label: string;
  readonly request: RowRequest;
}

/** The texts of a row. */
export interface RowWords {
  readonly title: string;
  readonly detail: string;
  /** The button, besides the one that cancels or removes the row. */
  readonly action?: RowAction;
}

export function rowWords(row: Row): RowWords {
  const { state } = row;
  const action = actionOf(state);
  const named = state.kind === 'done' || state.kind === 'unsaved' ? row.targetName : undefined;
  return {
    title: named ?? row.sourceName,
    detail: detailOf(row),
    ...(action === undefined ? {} : { action }),
  };
}

/** How the person gets rid of a row: an unfinished one is cancelled, an ended one is removed. Both can be undone. */
export function wayOutOf(state: RowState): 'cancel' | 'remove' {
  switch (state.kind) {
    case 'done':
    case 'cancelled':
    case 'failed':
    case 'unsaved':
      return 'remove';
    default:
      return 'cancel';
  }
}

function detailOf(row: Row): string {
  const { state } = row;
  switch (state.kind) {
    case 'reading':
      return say('listReading');
    case 'uploading':
      return state.whole
        ? say('listUploadingWhole', { size: sizeWords(state.totalBytes) })
        : say('listUploading', { video: sizeWords(row.sourceBytes), sound: sizeWords(state.totalBytes) });
    case 'waiting':
      return state.before === undefined ? say('listWaiting') : say('listWaitingBehind', { before: state.before });
    case 'converting':
      return state.speed === undefined
        ? say('listConverting')
        : say('listConvertingAt', { speed: speedWords(state.speed) });
    case 'saving':
      return say('listSaving', { folder: folderText(state.folder) });
    case 'done':
      return savedSentences(state, row.track);
    case 'unsaved':
      return unsavedSentence(state);
    case 'paused':
      return row.fraction === undefined
        ? say('listPaused')
        : say('listPausedAt', { percent: percentWords(row.fraction) });
    case 'offline_uploading':
      return say('listOfflineUploading', { part: sizePartWords(state.sentBytes, state.totalBytes) });
    case 'offline_converting':
      return say('listOfflineConverting');
    case 'signed_out':
      return say('listSignedOut');
    case 'cancelled':
      return say('listCancelled');
    case 'failed':
      return (
        trackFailureSentence(state.code, state.otherTrack ? (row.tracks?.length ?? 2) : 1) ??
        failureSentence(state, state.host)
      );
    default:
      return assertNever(state);
  }
}

function savedSentences(state: RowState & { readonly kind: 'done' }, track: number | undefined): string {
  const folder = folderText(state.folder);
  if (state.missing === true) return say('listMissing', { folder });
  const further = [
    ...(state.kept === undefined ? [] : [say('listKept', { name: isolate(state.kept) })]),
    ...(state.warning === undefined ? [] : [warningSentence(state.warning)]),
  ];
  const saved =
    track === undefined ? say('listSaved', { folder }) : say('listSavedTrack', { folder, track: track + 1 });
  return further.length === 0 ? saved : [`${saved}.`, ...further].join(' ');
}

function unsavedSentence({ reason, folder, neededBytes }: RowState & { readonly kind: 'unsaved' }): string {
  switch (reason) {
    case 'folder_away':
      return say('listFolderAway');
    case 'disk_full':
      return folder === undefined || neededBytes === undefined
        ? say('listDiskFullPlain')
        : say('listDiskFull', { folder: folderText(folder), size: sizeWords(neededBytes) });
    case 'read_only':
      return folder === undefined ? say('listReadOnlyFolder') : say('listReadOnly', { folder: folderText(folder) });
    default:
      return assertNever(reason);
  }
}

const action = (label: MessageName, request: RowRequest): RowAction => ({ label: say(label), request });
const retry = (): RowAction => action('listRetry', 'retry');
const details = (): RowAction => action('listDetails', 'details');

function actionOf(state: RowState): RowAction | undefined {
  switch (state.kind) {
    case 'done':
      if (state.missing === true) return action('listConvertAgain', 'convertAgain');
      return state.warning?.code === 'gaps' ? details() : action('listShowInFolder', 'showInFolder');
    case 'unsaved':
      return action(state.reason === 'disk_full' ? 'listChooseFolder' : 'listSaveAs', 'saveElsewhere');
    case 'paused':
      return action('listContinue', 'continueRow');
    case 'signed_out':
      return action('listSignIn', 'signIn');
    case 'cancelled':
      return retry();
    case 'failed':
      return state.otherTrack && (state.code === 'damaged' || state.code === 'no_audio')
        ? action('listChooseTrack', 'tracks')
        : failureAction(state.code, state.host !== undefined);
    case 'reading':
    case 'uploading':
    case 'waiting':
    case 'converting':
    case 'saving':
    case 'offline_uploading':
    case 'offline_converting':
      return undefined;
    default:
      return assertNever(state);
  }
}

/** @param atServer whether it failed on a server, so that this computer can be tried instead */
function failureAction(code: ErrorCode, atServer: boolean): RowAction | undefined {
  switch (code) {
    case 'not_media':
      return undefined;
    case 'no_audio':
      return action('listShowVideo', 'showSource');
    case 'damaged':
    case 'converter_failed':
    case 'internal':
    case 'data_in_use':
    case 'data_unusable':
      return details();
    case 'too_long':
    case 'too_large':
      return atServer ? action('listConvertHere', 'convertHere') : undefined;
    case 'source_missing':
      return action('listFindSource', 'findSource');
    case 'target_unwritable':
      return action('listSaveAs', 'saveElsewhere');
    case 'unauthorized':
      return action('listSignIn', 'signIn');
    case 'forbidden':
    case 'unsupported':
    case 'wrong_version':
    case 'method_not_allowed':
    case 'bad_request':
    case 'invalid':
    case 'headers_too_large':
      return atServer ? action('listConvertHere', 'convertHere') : details();
    case 'cancelled':
      return retry();
    case 'unknown':
    case 'timed_out':
    case 'source_unreadable':
    case 'disk_full':
    case 'gone':
    case 'not_found':
    case 'checksum_mismatch':
    case 'too_many':
    case 'locked':
    case 'unavailable':
    case 'request_timeout':
    case 'taken':
    case 'wrong_state':
    case 'range_not_satisfiable':
      return retry();
    default:
      return assertNever(code);
  }
}
