import { isDiskFull } from '../disk-full.ts';
import { AppError, systemErrorCode } from '../errors.ts';
import { sayShared } from './say.ts';

/** Why an MP3 could not be written, from the system's error: `disk_full` or `target_unwritable`. */
export function targetError(cause: unknown): AppError {
  if (isDiskFull(cause)) return new AppError('disk_full', sayShared('failTargetDiskFull'), { cause });
  return new AppError('target_unwritable', targetSentence(cause), { cause });
}

function targetSentence(cause: unknown): string {
  switch (systemErrorCode(cause)) {
    case 'EFBIG':
      return sayShared('failTargetFileTooLarge');
    case 'EACCES':
    case 'EPERM':
      return sayShared('failTargetForbidden');
    case 'EROFS':
      return sayShared('failTargetReadOnly');
    case 'ENOENT':
      return sayShared('failTargetNotThere');
    case 'ENOTDIR':
    case 'EEXIST':
      return sayShared('failTargetNotFolder');
    case 'ENAMETOOLONG':
      return sayShared('failTargetPathTooLong');
    case 'EINVAL':
      return sayShared('failTargetName');
    default:
      return sayShared('failTargetUnwritable');
  }
}

/** Why a file or folder that a person named cannot be read, from the system's error: `source_missing` or `source_unreadable`. */
export function sourceError(cause: unknown): AppError {
  switch (systemErrorCode(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new AppError('source_missing', sayShared('failSourceNotThere'), { cause });
    case 'EACCES':
    case 'EPERM':
      return new AppError('source_unreadable', sayShared('failSourceForbidden'), { cause });
    case 'ENAMETOOLONG':
      return new AppError('source_unreadable', sayShared('failSourceNameTooLong'), { cause });
    case 'ELOOP':
      return new AppError('source_unreadable', sayShared('failSourceLoop'), { cause });
    default:
      return new AppError('source_unreadable', sayShared('failSourceUnreadable'), { cause });
  }
}
