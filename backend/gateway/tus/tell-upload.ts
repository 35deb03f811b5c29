import { type AccountCall, pathParameter } from '../../http/routes.ts';
import { checkVersion, describeProgress, nameConversion, type TusParts } from './tus-call.ts';

/** `HEAD /uploads/:id`: answers with the offset of an upload. */
export async function tellUpload(call: AccountCall, { uploads }: TusParts): Promise<void> {
  const { request, response, identity } = call;
  checkVersion(call);
  const id = pathParameter(request, 'id');
  const status = await uploads.status(identity.accountId, id);
  nameConversion(response, status);
  const { videoBytes, metadata } = status;
  describeProgress(response, status);
  if (videoBytes === undefined) response.set('Upload-Defer-Length', '1');
  else response.set('Upload-Length', String(videoBytes));
  if (metadata !== undefined) response.set('Upload-Metadata', metadata);
  // The protocol requires that caches do not store the offset.
  response.set({ 'Cache-Control': 'no-store', 'Content-Length': '0' }).status(200).end();
}
