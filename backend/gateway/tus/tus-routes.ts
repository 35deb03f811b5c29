import { z } from 'zod';
import type { AnswerDescription, Operation } from '../../http/operation.ts';
import type { Route } from '../../http/routes.ts';
import type { GatewayParts } from '../gateway-parts.ts';
import { appendToUpload } from './append-to-upload.ts';
import { createUpload } from './create-upload.ts';
import { endUpload } from './end-upload.ts';
import { tellUpload } from './tell-upload.ts';
import type { TusParts } from './tus-call.ts';
import { tusChecksums, tusExtensions, tusVersion, uploadContentType } from './tus-headers.ts';

const uploadsPath = '/api/v1/uploads';
const uploadPath = `${uploadsPath}/:id`;
const defaultIdleSeconds = 60;
const answerHeaders = { 'Tus-Resumable': tusVersion };

/** Resumable uploads, by the protocol tus: a handler for each of its verbs. */
export function tusRoutes({ uploads, conversions, settings, hosts }: GatewayParts): readonly Route[] {
  const { maxUploadBytes, uploadIdleSeconds = defaultIdleSeconds } = settings;
  const { publicUrl } = hosts;
  // The name that the client came by is the right one; a proxy may have put a folder before the path.
  const prefix = publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
  const parts: TusParts = {
    uploads,
    conversions,
    maxUploadBytes,
    idleSeconds: uploadIdleSeconds,
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
      access: 'account',
      answerHeaders,
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
const uploadBody = { contentType: uploadContentType, description: 'The bytes.' };
const progressHeaders = {
  'Tus-Resumable': 'The version of the protocol.',
  'X-Conversion-Id': 'The id of the conversion, and of the upload.',
  'Upload-Offset': 'How many bytes the server has: where the next ones begin.',
};
const expiryHeader = { 'Upload-Expires': 'When the upload goes if nothing more comes; absent once all is there.' };

function describing(path: string): Operation {
  const answer: AnswerDescription = {
    description: 'In the headers.',
    headers: {
      'Tus-Resumable': 'The version of the protocol.',
      'Tus-Version': 'The versions that are spoken.',
      'Tus-Extension': 'The extensions that are spoken.',
      'Tus-Max-Size': 'How long an upload may be: bytes.',
      'Tus-Checksum-Algorithm': 'How a checksum may be made.',
    },
  };
  const of = path === uploadsPath ? '' : ', of one upload';
  return { summary: `Ask what of the upload protocol (tus) the server speaks${of}`, answers: { 204: answer } };
}

const creating: Operation = {
  summary: 'Begin a resumable upload',
  headers: z.object({
    'Tus-Resumable': versionSchema,
    'Upload-Length': bytesSchema.optional(),
    'Upload-Defer-Length': z.literal('1').optional(),
    'Upload-Metadata': z
      .string()
      .optional()
      .describe(
        'filename, options (JSON), batchId, batchSize: each name with its value in Base64, commas between them.',
      ),
    'Upload-Checksum': checksumSchema.optional(),
  }),
  body: { ...uploadBody, description: 'The first bytes, where they come along.' },
  answers: {
    201: {
      description: 'The upload has begun.',
      headers: { ...progressHeaders, Location: 'Where it goes on.' },
      optionalHeaders: expiryHeader,
    },
  },
  problems: [
    'wrong_version',
    'unsupported',
    'too_large',
    'invalid',
    'too_many',
    'checksum_mismatch',
    'cancelled',
    'disk_full',
  ],
};

const telling: Operation = {
  summary: 'Ask how far an upload is',
  headers: z.object({ 'Tus-Resumable': versionSchema }),
  answers: {
    200: {
      description: 'In the headers.',
      headers: progressHeaders,
      optionalHeaders: {
        ...expiryHeader,
        'Upload-Length': 'How long the upload will be.',
        'Upload-Defer-Length': '1, in its place, while nobody has said.',
        'Upload-Metadata': 'What the client said of it.',
      },
    },
  },
  problems: ['wrong_version', 'gone'],
};

const appending: Operation = {
  summary: 'Go on with an upload',
  headers: z.object({
    'Tus-Resumable': versionSchema,
    'Upload-Offset': bytesSchema,
    'Upload-Length': bytesSchema.optional(),
    'Upload-Checksum': checksumSchema.optional(),
  }),
  body: { ...uploadBody, required: true },
  answers: {
    204: { description: 'The bytes are durable.', headers: progressHeaders, optionalHeaders: expiryHeader },
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
  summary: 'Give an upload up',
  headers: z.object({ 'Tus-Resumable': versionSchema }),
  answers: {
    204: { description: 'Nothing of it is left.', headers: { 'Tus-Resumable': 'The version of the protocol.' } },
  },
  problems: ['wrong_version', 'gone'],
};
