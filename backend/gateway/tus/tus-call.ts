import type { Request, Response } from 'express';
import { AppError } from '../../../shared/errors.ts';
import type { OwnedConversions } from '../../conversions/owned-conversions.ts';
import type { ResumableUploads, UploadStatus } from '../../conversions/uploads/resumable-uploads.ts';
import type { UploadPart } from '../../conversions/uploads/upload-part.ts';
import { streamBody } from '../../http/body-stream.ts';
import { hasBody } from '../../http/request-body.ts';
import type { AccountCall } from '../../http/routes.ts';
import { tusVersion, uploadContentType } from './tus-headers.ts';

/** What the handlers of the protocol's verbs work with. */
export interface TusParts {
  readonly uploads: ResumableUploads;
  readonly conversions: OwnedConversions;
  readonly maxUploadBytes: number;
  /** How long an upload may stand still. */
  readonly idleSeconds: number;
  /** Where uploads are, as a path that clients reach: without a slash at its end. */
  readonly uploadsPath: string;
}

/** The protocol: a server must not process a request of a version that it does not know. Throws `wrong_version`. */
export function checkVersion({ request, response }: { readonly request: Request; readonly response: Response }): void {
  if (request.get('Tus-Resumable') === tusVersion) return;
  response.set('Tus-Version', tusVersion);
  throw new AppError('wrong_version', `Tus-Resumable: ${tusVersion} is expected.`);
}

/** Names the conversion in the answer, whatever the answer will be. For an upload that is there and the caller's. */
export function nameConversion(response: Response, { id }: UploadStatus): void {
  response.set('X-Conversion-Id', id);
}

/** Says in the headers how far the upload is, and how long it waits. */
export function describeProgress(response: Response, { offset, expiresAt }: UploadStatus): void {
  response.set('Upload-Offset', String(offset));
  if (expiresAt !== undefined) response.set('Upload-Expires', expiresAt.toUTCString());
}

/** Throws `unsupported` for a body of another type. */
export function checkContentType(request: Request): void {
  if (request.headers['content-type'] !== uploadContentType) {
    throw new AppError('unsupported', `The bytes of an upload come as Content-Type: ${uploadContentType}.`);
  }
}

/** Adds a request's body to an upload, by what its headers say of it. */
export async function appendBody(
  { request, response, signal, identity }: AccountCall,
  id: string,
  where: Pick<UploadPart, 'offset' | 'bytes' | 'checksum'>,
  { uploads, maxUploadBytes, idleSeconds }: TusParts,
): Promise<UploadStatus> {
  const { 'content-length': length } = request.headers;
  const part: UploadPart = {
    ...where,
    maxBytes: maxUploadBytes,
    ...(length === undefined ? {} : { partBytes: Number(length) }),
  };
  const source = hasBody(request) ? streamBody(request, response, { idleSeconds, signal }) : nothing();
  return await uploads.append(identity.accountId, id, part, source);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
