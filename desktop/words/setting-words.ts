import { assertNever } from '../../shared/errors.ts';
import { isolate } from '../../shared/words/measures.ts';
import type { BackendStatus, Quality, SaveTo } from '../ipc.ts';
import { folderText } from './folder-text.ts';
import { say } from './say.ts';

/** `Standard`. */
export function qualityName(quality: Quality): string {
  switch (quality.kind) {
    case 'voice':
      return say('listQualityVoice');
    case 'standard':
      return say('listQualityStandard');
    case 'best':
      return say('listQualityBest');
    case 'custom':
      return say('listQualityCustom');
    default:
      return assertNever(quality);
  }
}

/** `Next to each video`, or the folder's name. */
export function saveToName(saveTo: SaveTo): string {
  switch (saveTo.kind) {
    case 'beside':
      return say('listSaveBeside');
    case 'folder':
      return folderText(saveTo.folder);
    case 'ask':
      return say('listSaveAsk');
    default:
      return assertNever(saveTo);
  }
}

/** What happens to videos dropped now: `Standard quality, saved next to each video`. */
export function dropDetail(quality: Quality, saveTo: SaveTo): string {
  return say('listDropQuality', { name: qualityName(quality), save: saveClause(saveTo) });
}

function saveClause(saveTo: SaveTo): string {
  switch (saveTo.kind) {
    case 'beside':
      return say('listDropBeside');
    case 'folder':
      return say('listDropFolder', { folder: folderText(saveTo.folder) });
    case 'ask':
      return say('listDropAsk');
    default:
      return assertNever(saveTo);
  }
}

/** Where videos are converted, in the status bar. */
export interface BackendStatusWords {
  readonly text: string;
  /** Whether the backend can convert now. */
  readonly ready: boolean;
}

/** @param now milliseconds since 1970 */
export function backendStatusWords(backend: BackendStatus, now: number): BackendStatusWords | undefined {
  switch (backend.kind) {
    case 'none':
      return undefined;
    case 'here':
      switch (backend.state) {
        case 'ready':
          return { text: say('listBackendHere'), ready: true };
        case 'starting':
          return { text: say('listBackendStarting'), ready: true };
        case 'broken':
          return { text: backend.problem ?? say('listBackendBroken'), ready: false };
        default:
          return assertNever(backend.state);
      }
    case 'server': {
      const host = isolate(backend.host);
      switch (backend.connection) {
        case 'connected':
          return { text: host, ready: true };
        case 'connecting':
          return { text: say('listBackendConnecting', { host }), ready: false };
        case 'offline': {
          const seconds = backend.nextTryAt === undefined ? 0 : Math.ceil((backend.nextTryAt - now) / 1000);
          return {
            text: seconds > 0 ? say('listBackendOffline', { seconds }) : say('listBackendOfflineNow'),
            ready: false,
          };
        }
        case 'signed_out':
          return { text: say('listBackendSignedOut', { host }), ready: false };
        default:
          return assertNever(backend.connection);
      }
    }
    default:
      return assertNever(backend);
  }
}
