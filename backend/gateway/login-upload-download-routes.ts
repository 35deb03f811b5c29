import { z } from 'zod';
import { conversionSchema } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import { defaultOutputOptions } from '../../shared/formats.ts';
import { loginOperation } from '../http/authentication-calls.ts';
import { clientOf, type Route } from '../http/routes.ts';
import { defaultUploadIdleSeconds, type GatewayParts } from './gateway-parts.ts';
import { formLength, receiveMultipart } from './receive-multipart.ts';
import { resultOperation, sendResult } from './send-result.ts';

const uploadFormSchema = z.object({ file: z.file() });
const downloadQuerySchema = z.object({ fid: z.string().min(1) });

/**
 * `POST /login`, `POST /upload` and `GET /download`, for scripts: one plain request each. They are the calls of the system that Soundlift
 * grew out of. The rest of the interface is under `/api/v1`.
 */
export function loginUploadDownloadRoutes({ authentication, conversions, settings }: GatewayParts): readonly Route[] {
  const { maxUploadBytes, uploadIdleSeconds = defaultUploadIdleSeconds } = settings;
  return [
    {
      method: 'post',
      path: '/login',
      access: 'password',
      operation: loginOperation,
      async handle({ request, response, credentials }) {
        const token = await authentication.signIn(credentials, clientOf(request));
        response.type('text/plain').send(token);
      },
    },
    {
      method: 'post',
      path: '/upload',
      access: 'account',
      isTransfer: true,
      operation: {
        summary: 'Upload one video, as a form with exactly one file',
        body: { contentType: 'multipart/form-data', schema: uploadFormSchema },
        answers: {
          200: { description: 'The conversion. Its video is stored durably.', body: { schema: conversionSchema } },
        },
        problems: ['cancelled', 'disk_full'],
      },
      async handle({ request, response, identity, signal }) {
        const expectedBytes = formLength(request);
        const video = await receiveMultipart(
          request,
          response,
          async (fileName, source, stop) => {
            // The form may have taken long to arrive. If the account was removed meanwhile, no conversion is created.
            await authentication.account(identity);
            return await conversions.receive(
              identity.accountId,
              { fileName, options: defaultOutputOptions, ...(expectedBytes === undefined ? {} : { expectedBytes }) },
              source,
              stop,
            );
          },
          {
            maxBytes: maxUploadBytes,
            idleSeconds: uploadIdleSeconds,
            signal,
            requireRoom: (bytes) => conversions.requireRoom(bytes),
          },
        );
        response.json(await video.accept());
      },
    },
    {
      method: 'get',
      path: '/download',
      access: 'account',
      isTransfer: true,
      operation: resultOperation('Download an MP3 by the id of its conversion', downloadQuerySchema),
      async handle(call) {
        const { fid } = call.request.query;
        if (typeof fid !== 'string' || fid === '') {
          throw new AppError(
            'bad_request',
            'The query parameter fid is required exactly once: the id of the conversion.',
          );
        }
        await sendResult(call, conversions, fid);
      },
    },
  ];
}
