import { AppError } from '../../../shared/errors.ts';
import { sayShared } from '../../../shared/words/say.ts';
import type { UploadStatus } from '../../conversions/uploads/resumable-uploads.ts';
import type { Checksum } from '../../conversions/uploads/upload-piece.ts';
import { hasBody } from '../../http/request-body.ts';
import type { AccountCall } from '../../http/routes.ts';
import {
  appendBody,
  checkContentType,
  checkVersion,
  describeProgress,
  nameConversion,
  type TusParts,
} from './tus-call.ts';
import { parseChecksum, parseLength, parseMetadata } from './tus-headers.ts';

/**
 * `POST /uploads`: creates a conversion that waits for its video. The request may contain the first bytes
 * (creation-with-upload).
 */
export async function createUpload(call: AccountCall, parts: TusParts): Promise<void> {
  const { request, response, identity } = call;
  const { uploads, maxUploadBytes, uploadsPath } = parts;
  checkVersion(call);
  const videoBytes = parseLength(request.get('Upload-Length'), request.get('Upload-Defer-Length'));
  if (videoBytes !== undefined && videoBytes > maxUploadBytes) {
    throw new AppError('too_large', sayShared('failTooLargeForServer'), {
      details: { limitBytes: maxUploadBytes },
    });
  }
  const metadata = request.get('Upload-Metadata');
  const intake = parseMetadata(metadata);
  if (hasBody(request)) checkContentType(request);
  // A bad checksum is refused before anything is created, even if the request has no body.
  const checksum = parseChecksum(request.get('Upload-Checksum'));
  const created = await uploads.create(identity.accountId, {
    ...intake,
    ...(videoBytes === undefined ? {} : { videoBytes }),
    ...(metadata === undefined ? {} : { metadata }),
  });
  const status = hasBody(request) ? await appendFirst(call, created, checksum, parts) : created;
  nameConversion(response, created);
  response.location(`${uploadsPath}/${created.id}`);
  describeProgress(response, status);
  response.status(201).end();
}

async function appendFirst(
  call: AccountCall,
  { id }: UploadStatus,
  checksum: Checksum | undefined,
  parts: TusParts,
): Promise<UploadStatus> {
  try {
    return await appendBody(call, id, { offset: 0, ...(checksum === undefined ? {} : { checksum }) }, parts);
  } catch (error) {
    // The client does not learn of this upload, so it must not remain.
    await parts.conversions.remove(call.identity.accountId, id).catch((cause: unknown) => {
      call.log.warn({ err: cause, conversion: id }, 'could not remove a refused upload; it expires');
    });
    throw error;
  }
}
