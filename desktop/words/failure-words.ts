import { assertNever, type ErrorCode, type ErrorDetails } from '../../shared/errors.ts';
import { clockWords, isolate, sizeWords, spokenDuration } from './measures.ts';
import { say } from './say.ts';

/** Why a video's sound track failed that has others beside it: `tracks` in all. Undefined where another would not help, or there is none. */
export function trackFailureSentence(code: ErrorCode, tracks: number): string | undefined {
  if (tracks < 2) return undefined;
  if (code === 'damaged') return say('listDamagedTrack', { tracks });
  return code === 'no_audio' ? say('listNoAudioTrack', { tracks }) : undefined;
}

/**
 * Why a conversion failed, as a sentence.
 * @param host where it was to be converted, when that is a server
 * @param message what came with the code; shown where the code is not known
 */
export function failureSentence(code: ErrorCode, details: ErrorDetails = {}, host?: string, message = ''): string {
  const where = host === undefined ? say('listThisComputer') : isolate(host);
  const whereFirst = host === undefined ? say('listThisComputerStart') : isolate(host);
  switch (code) {
    case 'not_media':
      return say('listNotMedia');
    case 'no_audio':
      return say('listNoAudio');
    case 'damaged':
      return say('listDamaged');
    case 'too_long': {
      const { limitSeconds } = details;
      if (limitSeconds === undefined) return say('listTooLongPlain', { host: where });
      return say('listTooLong', { limit: spokenDuration(limitSeconds), host: where });
    }
    case 'too_large': {
      const { limitBytes } = details;
      if (limitBytes === undefined) return say('listTooLargePlain', { host: where });
      return say('listTooLarge', { limit: sizeWords(limitBytes), host: where });
    }
    case 'timed_out':
      return say('listTimedOut');
    case 'converter_failed': {
      const { atSeconds } = details;
      if (atSeconds === undefined) return say('listConverterFailed');
      return say('listConverterFailedAt', { at: clockWords(atSeconds) });
    }
    case 'source_missing':
      return say('listSourceMissing');
    case 'source_unreadable':
      return say('listSourceUnreadable');
    case 'target_unwritable':
      return say('listTargetUnwritable');
    case 'disk_full':
      return say('listServerDiskFull', { host: where });
    case 'unauthorized':
      return say('listUnauthorized', { host: where });
    case 'forbidden':
      return say('listForbidden', { host: whereFirst });
    case 'gone':
    case 'not_found':
      return say('listGone', { host: whereFirst });
    case 'wrong_version':
    case 'method_not_allowed':
      return say('listWrongVersion', { host: whereFirst });
    case 'unsupported':
      return say('listUnsupported', { host: whereFirst });
    case 'checksum_mismatch':
      return say('listChecksum');
    case 'too_many':
    case 'locked':
      return say('listTooMany', { host: whereFirst });
    case 'unavailable':
    case 'request_timeout':
      return say('listUnavailable', { host: whereFirst });
    case 'cancelled':
      return say('listCancelled');
    case 'internal':
    case 'data_in_use':
      return say('listInternal');
    case 'bad_request':
    case 'invalid':
    case 'taken':
    case 'wrong_state':
    case 'range_not_satisfiable':
    case 'headers_too_large':
      return say('listRefused', { host: whereFirst });
    case 'unknown':
      return message === '' ? say('listUnknown', { host: whereFirst }) : isolate(message);
    default:
      return assertNever(code);
  }
}
