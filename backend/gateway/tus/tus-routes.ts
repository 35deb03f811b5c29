import { z } from 'zod';
import { withoutTrailing } from '../../../shared/without-trailing.ts';
import type { AnswerDescription, Operation } from '../../http/operation.ts';
import type { Route } from '../../http/routes.ts';
import { defaultUploadIdleSeconds, type GatewayParts } from '../gateway-parts.ts';
import { appendToUpload } from './append-to-upload.ts';
import { createUpload } from './create-upload.ts';
import { endUpload } from './end-upload.ts';
import { tellUpload } from './tell-upload.ts';
import type { TusParts } from './tus-call.ts';
import { tusChecksums, tusExtensions, tusVersion, uploadContentType } from './tus-headers.ts';

const uploadsPath = '/api/v1/uploads';
const uploadPath = `${uploadsPath}/:id`;
const answerHeaders = { 'Tus-Resumable': tusVersion };

/** Routes for resumable uploads with the tus protocol, one handler for each of its methods. */
export function tusRoutes({ uploads, conversions, settings, hosts }: GatewayParts): readonly Route[] {
  const { maxUploadBytes, uploadIdleSeconds: idleSeconds = defaultUploadIdleSeconds } = settings;
  const { publicUrl } = hosts;
  // The client knows its own scheme and host. Only the path needs a prefix, because a proxy may add one.
  const prefix = publicUrl === undefined ? '' : withoutTrailing(new URL(publicUrl).pathname, '/');
  const parts: TusParts = {
    uploads,
    conversions,
    maxUploadBytes,
    idleSeconds,
    uploadsPath: `${prefix}${uploadsPath}`,
  };
  return [
    ...[uploadsPath, uploadPath].map(
      (path): Route => ({
        method: 'options',
        path,
        access: 'anyone',
        answerHeaders,
        operation: describing(path),
        async handle({ response }) {
          response.set({
            'Tus-Version': tusVersion,
            'Tus-Extension': tusExtensions.join(','),
            'Tus-Max-Size': String(maxUploadBytes),
            'Tus-Checksum-Algorithm': tusChecksums.join(','),
          });
          response.status(204).end();
        },
      }),
    ),
    {
      method: 'post',
      path: uploadsPath,
      // Other clients of the protocol send it.
      withSlash: true,
      access: 'account',
      answerHeaders,
      isTransfer: true,
      operation: creating,
      handle: (call) => createUpload(call, parts),
    },
    {
      method: 'head',
      path: uploadPath,
      access: 'account',
      answerHeaders,
      byOverride: true,
      operation: telling,
      handle: (call) => tellUpload(call, parts),
    },
    {
      method: 'patch',
      path: uploadPath,
      access: 'account',
      answerHeaders,
      byOverride: true,
      isTransfer: true,
      operation: appending,
      handle: (call) => appendToUpload(call, parts),
    },
    {
      method: 'delete',
      path: uploadPath,
      access: 'account',
      answerHeaders,
      byOverride: true,
      operation: ending,
      handle: (call) => endUpload(call, parts),
    },
  ];
}

const bytesSchema = z.string().regex(/^[0-9]{1,16}$/);
const versionSchema = z.literal(tusVersion);
const checksumSchema = z.string().regex(/^(sha1|sha256|crc32) +[A-Za-z0-9+/]+={0,2}$/);
const uploadBody = { contentType: uploadContentType, description: 'The data.' };
const progressHeaders = {
  'Tus-Resumable': 'The version of the protocol.',
  'X-Conversion-Id': 'The id of the conversion, and of the upload.',
  'Upload-Offset': 'The number of bytes that the server has; the next ones start here.',
};
const expiryHeader = {
  'Upload-Expires': 'When the upload expires if no more data arrives; absent once it is complete.',
};

function describing(path: string): Operation {
  const answer: AnswerDescription = {
    description: 'In the headers.',
    headers: {
      'Tus-Resumable': 'The version of the protocol.',
      'Tus-Version': 'The supported versions.',
      'Tus-Extension': 'The supported extensions.',
      'Tus-Max-Size': 'The maximum size of an upload, in bytes.',
      'Tus-Checksum-Algorithm': 'The supported checksum algorithms.',
    },
  };
  const of = path === uploadsPath ? '' : ', for one upload';
  return {
    summary: `Get the supported versions and extensions of the upload protocol (tus)${of}`,
    answers: { 204: answer },
  };
}

const creating: Operation = {
  summary: 'Create a resumable upload',
  headers: z.object({
    'Tus-Resumable': versionSchema,
    'Upload-Length': bytesSchema.optional(),
    'Upload-Defer-Length': z.literal('1').optional(),
    'Upload-Metadata': z
      .string()
      .optional()
      .describe(
        [
          'filename, options (JSON), batchId, batchSize, key: names with values in Base64, separated by commas.',
          'key is a UUID that the client makes for this upload. If no answer arrives, repeat the request with the same key:',
          'the answer is then about the same upload, also when it is complete. With another length or other metadata it is 409,',
          'and 410 once the upload was cancelled or removed or has expired.',
        ].join(' '),
      ),
    'Upload-Checksum': checksumSchema.optional(),
  }),
  body: { ...uploadBody, description: 'The first bytes. Optional.' },
  answers: {
    201: {
      description: 'The upload is created.',
      headers: { ...progressHeaders, Location: 'The address of the upload.' },
      optionalHeaders: expiryHeader,
    },
  },
  problems: [
    'wrong_version',
    'unsupported',
    'too_large',
    'invalid',
    'taken',
    'gone',
    'too_many',
    'checksum_mismatch',
    'cancelled',
    'disk_full',
  ],
};

const telling: Operation = {
  summary: 'Get the offset of an upload',
  headers: z.object({ 'Tus-Resumable': versionSchema }),
  answers: {
    200: {
      description: 'In the headers.',
      headers: progressHeaders,
      optionalHeaders: {
        ...expiryHeader,
        'Upload-Length': 'The size of the upload in bytes.',
        'Upload-Defer-Length': '1 instead of Upload-Length while the size is not known.',
        'Upload-Metadata': 'The metadata from the client.',
      },
    },
  },
  problems: ['wrong_version', 'gone'],
};

const appending: Operation = {
  summary: 'Append to an upload',
  headers: z.object({
    'Tus-Resumable': versionSchema,
    'Upload-Offset': bytesSchema,
    'Upload-Length': bytesSchema.optional(),
    'Upload-Checksum': checksumSchema.optional(),
  }),
  body: { ...uploadBody, required: true },
  answers: {
    204: { description: 'The bytes are stored durably.', headers: progressHeaders, optionalHeaders: expiryHeader },
  },
  problems: [
    'wrong_version',
    'unsupported',
    'wrong_state',
    'gone',
    'too_large',
    'locked',
    'checksum_mismatch',
    'cancelled',
    'disk_full',
  ],
};

const ending: Operation = {
  summary: 'Remove an upload',
  headers: z.object({ 'Tus-Resumable': versionSchema }),
  answers: {
    204: {
      description: 'The upload and its conversion are removed.',
      headers: { 'Tus-Resumable': 'The version of the protocol.' },
    },
  },
  problems: ['wrong_version', 'gone'],
};
