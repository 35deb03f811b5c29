import type { Request, Response } from 'express';
import { AppError } from '../../../shared/errors.ts';
import type { OwnedConversions } from '../../conversions/owned-conversions.ts';
import type { ResumableUploads, UploadStatus } from '../../conversions/uploads/resumable-uploads.ts';
import type { UploadPiece } from '../../conversions/uploads/upload-piece.ts';
import { streamBody } from '../../http/body-stream.ts';
import { hasBody } from '../../http/request-body.ts';
import type { AccountCall } from '../../http/routes.ts';
import { tusVersion, uploadContentType } from './tus-headers.ts';

/** The parts of the protocol's handlers. */
export interface TusParts {
  readonly uploads: ResumableUploads;
  readonly conversions: OwnedConversions;
  readonly maxUploadBytes: number;
  /** Seconds without data after which an upload is stopped. */
  readonly idleSeconds: number;
  /** The path of uploads as clients see it, without a trailing slash. */
  readonly uploadsPath: string;
}

/** Throws `wrong_version` for another version of the protocol. The protocol forbids processing such a request. */
export function checkVersion({ request, response }: { readonly request: Request; readonly response: Response }): void {
  if (request.get('Tus-Resumable') === tusVersion) return;
  response.set('Tus-Version', tusVersion);
  throw new AppError('wrong_version', `The header Tus-Resumable must be ${tusVersion}.`);
}

/**
 * Adds the id of the conversion to the answer, even to an error. Only for uploads that exist and belong to the caller.
 */
export function nameConversion(response: Response, { id }: UploadStatus): void {
  response.set('X-Conversion-Id', id);
}

/** Sets the headers with the offset of the upload and the time when it expires. */
export function describeProgress(response: Response, { offset, expiresAt }: UploadStatus): void {
  response.set('Upload-Offset', String(offset));
  if (expiresAt !== undefined) response.set('Upload-Expires', expiresAt.toUTCString());
}

/** Throws `unsupported` for a body of another type. */
export function checkContentType(request: Request): void {
  if (request.headers['content-type'] !== uploadContentType) {
    throw new AppError('unsupported', `The Content-Type must be ${uploadContentType}.`);
  }
}

/** Appends the body of a request to an upload, as its headers describe it. */
export async function appendBody(
  { request, response, signal, identity }: AccountCall,
  id: string,
  where: Pick<UploadPiece, 'offset' | 'videoBytes' | 'checksum'>,
  { uploads, maxUploadBytes, idleSeconds }: TusParts,
): Promise<UploadStatus> {
  const { 'content-length': length } = request.headers;
  const piece: UploadPiece = {
    ...where,
    maxVideoBytes: maxUploadBytes,
    ...(length === undefined ? {} : { pieceBytes: Number(length) }),
  };
  const source = hasBody(request) ? streamBody(request, response, { idleSeconds, signal }) : nothing();
  return await uploads.append(identity.accountId, id, piece, source);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
