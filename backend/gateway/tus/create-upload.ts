import { isDeepStrictEqual } from 'node:util';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { sayShared } from '../../../shared/words/say.ts';
import type { Intake } from '../../conversions/new-conversion.ts';
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
 * (creation-with-upload). If the account has sent the same `key` before, the answer is about the upload that was created then.
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
  nameConversion(response, created);
  checkSame(created, intake, videoBytes);
  // An earlier request with the same key may have brought the first bytes. This answer says how many there are.
  const isFirst = hasBody(request) && created.offset === 0;
  const status = isFirst ? await appendFirst(call, created, checksum, parts, intake) : created;
  response.location(`${uploadsPath}/${created.id}`);
  describeProgress(response, status);
  response.status(201).end();
}

/** Throws `taken` if the upload was created by a different request with the same key. */
function checkSame(created: UploadStatus, intake: Intake, videoBytes: number | undefined): void {
  // A client that deferred the length may have given it since.
  const isSameLength = videoBytes === undefined || videoBytes === created.videoBytes;
  if (isSameLength && isDeepStrictEqual(parseMetadata(created.metadata), intake)) return;
  throw new AppError('taken', 'This key was used for an upload with another length or other metadata.');
}

async function appendFirst(
  call: AccountCall,
  { id }: UploadStatus,
  checksum: Checksum | undefined,
  parts: TusParts,
  { uploadKey }: Intake,
): Promise<UploadStatus> {
  try {
    return await appendBody(call, id, { offset: 0, ...(checksum === undefined ? {} : { checksum }) }, parts);
  } catch (error) {
    const { accountId } = call.identity;
    if (uploadKey !== undefined) {
      // Another request with the same key adds to the upload, or has added to it.
      if (isAppError(error, 'locked', 'wrong_state')) return await parts.uploads.status(accountId, id);
    } else {
      // The client cannot find this upload again, so it must not remain.
      await parts.conversions.remove(accountId, id).catch((cause: unknown) => {
        call.log.warn({ err: cause, conversion: id }, 'could not remove a refused upload; it expires');
      });
    }
    throw error;
  }
}
