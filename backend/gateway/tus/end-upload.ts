import { type AccountCall, pathParameter } from '../../http/routes.ts';
import { checkVersion, type TusParts } from './tus-call.ts';

/** `DELETE /uploads/:id`: removes an upload and its conversion. */
export async function endUpload(call: AccountCall, { uploads, conversions }: TusParts): Promise<void> {
  const { request, response, identity } = call;
  checkVersion(call);
  const { id } = await uploads.status(identity.accountId, pathParameter(request, 'id'));
  await conversions.remove(identity.accountId, id);
  response.status(204).end();
}
