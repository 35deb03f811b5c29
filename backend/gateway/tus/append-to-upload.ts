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

/** `PATCH /uploads/:id`: appends bytes at the end of an upload. */
export async function appendToUpload(call: AccountCall, parts: TusParts): Promise<void> {
  const { request, response, identity } = call;
  checkVersion(call);
  // Checked first: an upload of another account must not be found, and every refusal names the conversion.
  const seen = await parts.uploads.status(identity.accountId, pathParameter(request, 'id'));
  nameConversion(response, seen);
  checkContentType(request);
  const offset = parseBytes('Upload-Offset', request.get('Upload-Offset'));
  if (offset === undefined) throw new AppError('bad_request', 'The header Upload-Offset is required.');
  const videoBytes = parseBytes('Upload-Length', request.get('Upload-Length'));
  const checksum = parseChecksum(request.get('Upload-Checksum'));
  const where = {
    offset,
    ...(videoBytes === undefined ? {} : { videoBytes }),
    ...(checksum === undefined ? {} : { checksum }),
  };
  describeProgress(response, await appendBody(call, seen.id, where, parts));
  response.status(204).end();
}
