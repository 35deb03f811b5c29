import { AppError } from '../../shared/errors.ts';
import { defaultOutputOptions } from '../../shared/formats.ts';
import { clientOf, type Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { receiveMultipart } from './receive-multipart.ts';
import { sendResult } from './send-result.ts';

const defaultUploadIdleSeconds = 60;

/** The three calls of the system that this one grows out of, as its scripts make them. */
export function originalRoutes({ authentication, conversions, settings }: GatewayParts): readonly Route[] {
  const { maxUploadBytes, uploadIdleSeconds = defaultUploadIdleSeconds } = settings;
  return [
    {
      method: 'post',
      path: '/login',
      access: 'password',
      async handle({ request, response, credentials }) {
        const token = await authentication.signIn(credentials, clientOf(request));
        response.type('text/plain').send(token);
      },
    },
    {
      method: 'post',
      path: '/upload',
      access: 'account',
      async handle({ request, response, identity, signal }) {
        const upload = await receiveMultipart(
          request,
          response,
          (fileName, source, stop) =>
            conversions.receive(identity.accountId, { fileName, options: defaultOutputOptions }, source, stop),
          { maxBytes: maxUploadBytes, idleSeconds: uploadIdleSeconds, signal },
        );
        response.json(await upload.accept());
      },
    },
    {
      method: 'get',
      path: '/download',
      access: 'account',
      async handle(call) {
        const { fid } = call.request.query;
        if (typeof fid !== 'string' || fid === '') {
          throw new AppError('bad_request', 'Say which MP3, once: ?fid= and the id of its conversion.');
        }
        await sendResult(call, conversions, fid);
      },
    },
  ];
}
