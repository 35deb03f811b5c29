import path from 'node:path';
import { AppError } from '../../../shared/errors.ts';

const idPattern = /^[A-Za-z0-9_-]{1,200}$/;
const namePattern = /^([A-Za-z0-9_-]{1,200})(?:\.([1-9][0-9]*))?(\.part|\.moving)?$/;

/** The files of one blob; absolute paths. At most one of them is the blob. */
export interface BlobPaths {
  readonly finished: string;
  readonly growing: string;
  /** On its way to become `growing`; worth nothing until then. */
  readonly moving: string;
}

export interface BlobFileName {
  readonly id: string;
  /** 0 for the plain names. */
  readonly generation: number;
  readonly kind: 'finished' | 'growing' | 'moving';
}

/**
 * `ID` once finished, `ID.part` while it grows. A generation above 0 stands between the two: `ID.7`, `ID.7.part`. This is the one place where
 * an id becomes a path. Throws `not_found` for an id that could lead out of the folder.
 */
export function blobPaths(root: string, id: string, generation: number): BlobPaths {
  checkBlobId(id);
  const finished = path.join(root, generation === 0 ? id : `${id}.${generation}`);
  return { finished, growing: `${finished}.part`, moving: `${finished}.moving` };
}

export function checkBlobId(id: string): void {
  if (!idPattern.test(id)) throw noSuchBlob();
}

/** What a file of the folder is; undefined for one that others have put there, like a file manager's settings. */
export function parseBlobFileName(fileName: string): BlobFileName | undefined {
  const [, id, generation = '0', suffix] = namePattern.exec(fileName) ?? [];
  if (id === undefined) return undefined;
  const kind = suffix === '.part' ? 'growing' : suffix === '.moving' ? 'moving' : 'finished';
  return { id, generation: Number(generation), kind };
}

export function noSuchBlob(): AppError {
  return new AppError('not_found', 'There is no such file.');
}
