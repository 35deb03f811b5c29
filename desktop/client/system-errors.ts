import { AppError, systemErrorCode } from '../../shared/errors.ts';

/** Why an MP3 could not be put where it should go: `disk_full` or `target_unwritable`. */
export function targetError(cause: unknown): AppError {
  switch (systemErrorCode(cause)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('disk_full', 'There is not enough room for the MP3.', { cause });
    case 'EFBIG':
      return new AppError('target_unwritable', 'The disk for the MP3 takes no files of that size.', { cause });
    case 'EACCES':
    case 'EPERM':
      return new AppError('target_unwritable', 'The folder for the MP3 may not be written to.', { cause });
    case 'EROFS':
      return new AppError('target_unwritable', 'The disk for the MP3 can only be read.', { cause });
    case 'ENOENT':
      return new AppError('target_unwritable', 'The folder for the MP3 is not there.', { cause });
    case 'ENOTDIR':
    case 'EEXIST':
      return new AppError('target_unwritable', 'What should be the folder for the MP3 is no folder.', { cause });
    case 'ENAMETOOLONG':
      return new AppError('target_unwritable', 'The path of the MP3 would be too long for this disk.', { cause });
    case 'EINVAL':
      return new AppError('target_unwritable', 'The disk for the MP3 takes no file of that name.', { cause });
    default:
      return new AppError('target_unwritable', 'The MP3 could not be written.', { cause });
  }
}

/** Why a file or folder that a person named cannot be read: `source_missing` or `source_unreadable`. */
export function sourceError(cause: unknown): AppError {
  switch (systemErrorCode(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new AppError('source_missing', 'There is no such file.', { cause });
    case 'EACCES':
    case 'EPERM':
      return new AppError('source_unreadable', 'You are not allowed to read this.', { cause });
    case 'ENAMETOOLONG':
      return new AppError('source_unreadable', 'The name is too long for this system.', { cause });
    case 'ELOOP':
      return new AppError('source_unreadable', 'This is a link that leads back to itself.', { cause });
    default:
      return new AppError('source_unreadable', 'This cannot be read.', { cause });
  }
}
