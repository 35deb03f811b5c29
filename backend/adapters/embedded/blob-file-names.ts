import path from 'node:path';
import { checkBlobId } from '../../ports/blob-rules.ts';

const namePattern = /^([A-Za-z0-9_-]{1,200})(?:\.([1-9][0-9]*))?(\.part|\.moving)?$/;

/** The files of one blob, as absolute paths. At most one of them is current. */
export interface BlobPaths {
  readonly finished: string;
  readonly growing: string;
  /** Will be renamed to `growing`. Its content does not count before that. */
  readonly moving: string;
}

export interface BlobFileName {
  readonly id: string;
  /** 0 for the plain names. */
  readonly generation: number;
  readonly kind: 'finished' | 'growing' | 'moving';
}

/**
 * A blob's file is named `ID` once finished and `ID.part` while it grows. A generation above 0 is added after the id: `ID.7`,
 * `ID.7.part`. Ids become paths only here. Throws `not_found` for an id that could lead out of the folder.
 */
export function blobPaths(root: string, id: string, generation: number): BlobPaths {
  checkBlobId(id);
  const finished = path.join(root, generation === 0 ? id : `${id}.${generation}`);
  return { finished, growing: `${finished}.part`, moving: `${finished}.moving` };
}

/** Which blob a file of the folder belongs to; undefined for a file of another program, such as a file manager's settings. */
export function parseBlobFileName(fileName: string): BlobFileName | undefined {
  const [, id, generation = '0', suffix] = namePattern.exec(fileName) ?? [];
  if (id === undefined) return undefined;
  const kind = suffix === '.part' ? 'growing' : suffix === '.moving' ? 'moving' : 'finished';
  return { id, generation: Number(generation), kind };
}
