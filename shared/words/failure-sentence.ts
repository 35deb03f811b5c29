import { isKnownWarning, type Warning } from '../api.ts';
import { AppError, type ErrorCode, type ErrorDetails, errorCodes } from '../errors.ts';
import { clockWords, isolate, sizeWords, spokenDuration } from './measures.ts';
import { sayShared } from './say.ts';

/** What failed: a conversion's `error`, or any {@link AppError}. */
export interface Failure {
  /** A newer server may send a code that is not in {@link ErrorCode}. */
  readonly code: string;
  /** The sentence that was given with the code. It is used if the catalogue has none for that code. */
  readonly message?: string;
  readonly details?: ErrorDetails | undefined;
}

/**
 * Why something failed, as one sentence.
 * @param host the server on which it failed; absent for this computer
 */
export function failureSentence({ code, message, details = {} }: Failure, host?: string): string {
  // The given message lists the existing tracks.
  if (code === 'no_audio' && details['track'] !== undefined && message) return message;
  if (isErrorCode(code) && code !== 'unknown') return sentences[code](details, hostWords(host));
  return message ? isolate(message) : sentences.unknown(details, hostWords(host));
}

/**
 * Why an audio track failed in a video that has others: `tracks` in total. Undefined if the video has no other track, or
 * another track would fail too.
 */
export function trackFailureSentence(code: string, tracks: number): string | undefined {
  if (tracks < 2) return undefined;
  if (code === 'damaged') return sayShared('failDamagedTrack', { tracks });
  return code === 'no_audio' ? sayShared('failNoAudioTrack', { tracks }) : undefined;
}

/** What a warning says about the MP3, as one sentence. */
export function warningSentence(warning: Warning): string {
  if (!isKnownWarning(warning)) return warning.message ?? sayShared('warnUnknown', { code: warning.code });
  switch (warning.code) {
    case 'cut_short':
      return sayShared('warnCutShort', { at: clockWords(warning.atSeconds), of: clockWords(warning.ofSeconds) });
    case 'gaps':
      return sayShared('warnGaps', { count: warning.count, at: clockWords(warning.atSeconds) });
    case 'growing':
      return sayShared('warnGrowing');
  }
}

/** An error whose message is the catalogue's sentence for its code. */
export function failure(code: ErrorCode, options: { cause?: unknown; details?: ErrorDetails } = {}): AppError {
  return new AppError(code, failureSentence({ code, details: options.details }), options);
}

interface HostWords {
  readonly host: string;
  /** The same at the beginning of a sentence. */
  readonly Host: string;
}

function hostWords(host: string | undefined): HostWords {
  if (host === undefined) return { host: sayShared('failThisComputer'), Host: sayShared('failThisComputerFirst') };
  return { host: isolate(host), Host: isolate(host) };
}

function isErrorCode(code: string): code is ErrorCode {
  return (errorCodes as readonly string[]).includes(code);
}

const refused = (_: ErrorDetails, { Host }: HostWords): string => sayShared('failRefused', { Host });

const sentences: Readonly<Record<ErrorCode, (details: ErrorDetails, host: HostWords) => string>> = {
  not_media: () => sayShared('failNotMedia'),
  no_audio: () => sayShared('failNoAudio'),
  damaged: () => sayShared('failDamaged'),
  too_long: ({ limitSeconds }, { host }) =>
    limitSeconds === undefined
      ? sayShared('failTooLongPlain', { host })
      : sayShared('failTooLong', { limit: spokenDuration(limitSeconds), host }),
  too_large: ({ limitBytes }, { host }) =>
    limitBytes === undefined
      ? sayShared('failTooLargePlain', { host })
      : sayShared('failTooLarge', { limit: sizeWords(limitBytes), host }),
  timed_out: () => sayShared('failTimedOut'),
  converter_failed: ({ atSeconds }) =>
    atSeconds === undefined
      ? sayShared('failConverterFailed')
      : sayShared('failConverterFailedAt', { at: clockWords(atSeconds) }),
  source_missing: () => sayShared('failSourceMissing'),
  source_unreadable: () => sayShared('failSourceUnreadable'),
  target_unwritable: () => sayShared('failTargetUnwritable'),
  disk_full: (_, { host }) => sayShared('failDiskFull', { host }),
  unauthorized: (_, { host }) => sayShared('failUnauthorized', { host }),
  forbidden: (_, { Host }) => sayShared('failForbidden', { Host }),
  gone: (_, { Host }) => sayShared('failGone', { Host }),
  not_found: (_, { Host }) => sayShared('failGone', { Host }),
  wrong_version: (_, { Host }) => sayShared('failWrongVersion', { Host }),
  method_not_allowed: (_, { Host }) => sayShared('failWrongVersion', { Host }),
  unsupported: (_, { Host }) => sayShared('failUnsupported', { Host }),
  checksum_mismatch: () => sayShared('failChecksum'),
  too_many: (_, { Host }) => sayShared('failTooMany', { Host }),
  locked: (_, { Host }) => sayShared('failTooMany', { Host }),
  unavailable: (_, { Host }) => sayShared('failUnavailable', { Host }),
  request_timeout: (_, { Host }) => sayShared('failUnavailable', { Host }),
  cancelled: () => sayShared('failCancelled'),
  internal: () => sayShared('failInternal'),
  unknown: (_, { Host }) => sayShared('failUnknown', { Host }),
  data_in_use: () => sayShared('failDataInUse'),
  data_unusable: () => sayShared('failDataUnusable'),
  bad_request: refused,
  invalid: refused,
  taken: refused,
  wrong_state: refused,
  range_not_satisfiable: refused,
  headers_too_large: refused,
};
