import { AppError } from '../../../shared/errors.ts';
import { type AccountCall, pathParameter } from '../../http/routes.ts';
import {
  appendBody,
  checkContentType,
  checkVersion,
  describeProgress,
  nameConversion,
  type TusParts,
} from './tus-call.ts';
import { parseBytes, parseChecksum } from './tus-headers.ts';

/** `PATCH /uploads/:id`: more bytes, from where the upload ends. */
export async function appendToUpload(call: AccountCall, parts: TusParts): Promise<void> {
  const { request, response, identity } = call;
  checkVersion(call);
  // Before all else that may be wrong: what is another's is not there, and each refusal names the conversion.
  const seen = await parts.uploads.status(identity.accountId, pathParameter(request, 'id'));
  nameConversion(response, seen);
  checkContentType(request);
  const offset = parseBytes('Upload-Offset', request.get('Upload-Offset'));
  if (offset === undefined) throw new AppError('bad_request', 'Say where the bytes begin: Upload-Offset.');
  const bytes = parseBytes('Upload-Length', request.get('Upload-Length'));
  const checksum = parseChecksum(request.get('Upload-Checksum'));
  const where = {
    offset,
    ...(bytes === undefined ? {} : { bytes }),
    ...(checksum === undefined ? {} : { checksum }),
  };
  describeProgress(response, await appendBody(call, seen.id, where, parts));
  response.status(204).end();
}
