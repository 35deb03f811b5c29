import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { batchSchema } from '../../../shared/api.ts';
import { AppError } from '../../../shared/errors.ts';
import { defaultOutputOptions, outputOptionsSchema } from '../../../shared/formats.ts';
import type { Intake } from '../../conversions/new-conversion.ts';
import type { Checksum } from '../../conversions/uploads/upload-piece.ts';
import { cleanFileName, decodeText } from '../upload-file-name.ts';

/** The version of the protocol: https://tus.io/protocols/resumable-upload. */
export const tusVersion = '1.0.0';
export const tusExtensions = [
  'creation',
  'creation-with-upload',
  'creation-defer-length',
  'termination',
  'expiration',
  'checksum',
] as const;
export const tusChecksums = ['sha1', 'sha256', 'crc32'] as const;
export const uploadContentType = 'application/offset+octet-stream';

/** The whole number in a header. Undefined if the header is missing. Throws `bad_request` for anything else. */
export function parseBytes(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw new AppError('bad_request', `${name} must be a number of bytes.`);
  return number;
}

/**
 * The value of `Upload-Length` in bytes. Undefined if `Upload-Defer-Length` says that it comes later. Throws
 * `bad_request` for neither, both, or a bad number.
 */
export function parseLength(length: string | undefined, deferred: string | undefined): number | undefined {
  if (deferred !== undefined && (deferred !== '1' || length !== undefined)) {
    throw new AppError('bad_request', 'Upload-Defer-Length must be 1 and excludes Upload-Length.');
  }
  const bytes = parseBytes('Upload-Length', length);
  if (bytes === undefined && deferred === undefined) {
    throw new AppError('bad_request', 'Upload-Length or Upload-Defer-Length: 1 is required.');
  }
  return bytes;
}

/** What `Upload-Metadata` says about the video. Throws `bad_request` for bad syntax and `invalid` for bad values. */
export function parseMetadata(header: string | undefined): Intake {
  const values = decodeMetadata(header ?? '');
  const { filename = '', options, batchId, batchSize, key } = Object.fromEntries(values);
  return {
    fileName: cleanFileName(filename),
    options: options === undefined ? defaultOutputOptions : parseOptions(options),
    ...(batchId === undefined ? {} : parseBatch(batchId, batchSize)),
    ...(key === undefined ? {} : { uploadKey: parseKey(key) }),
  };
}

function decodeMetadata(header: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (header.trim() === '') return values;
  for (const pair of header.split(',')) {
    // Not by one pattern: with a run of spaces, it would try each way to share them between its parts.
    const words = pair.trim();
    const [key = ''] = words.split(' ', 1);
    const base64 = words.slice(key.length).trim();
    const isPair = /^[\x21-\x7e]+$/.test(key) && /^[A-Za-z0-9+/]*={0,2}$/.test(base64);
    if (!isPair || base64.replace(/=+$/, '').length % 4 === 1 || values.has(key)) {
      throw new AppError('bad_request', 'Upload-Metadata must be a list of unique names with values in Base64.');
    }
    values.set(key, decodeText(Buffer.from(base64, 'base64')));
  }
  return values;
}

function parseOptions(text: string): Intake['options'] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('invalid', 'options must be JSON.', { cause: error });
  }
  const parsed = outputOptionsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(({ path, message }) => ['options', ...path].join('.') + `: ${message}`);
  throw new AppError('invalid', `${complaints.join('; ')}.`, { cause: parsed.error });
}

function parseBatch(batchId: string, batchSize: string | undefined): Pick<Intake, 'batchId' | 'batchSize'> {
  const size = batchSize === undefined ? {} : { batchSize: /^[0-9]{1,9}$/.test(batchSize) ? Number(batchSize) : NaN };
  const parsed = batchSchema.safeParse({ batchId, ...size });
  if (!parsed.success) {
    throw new AppError(
      'invalid',
      'batchId must have 1 to 200 characters, batchSize must be a whole number of at least 1.',
      {
        cause: parsed.error,
      },
    );
  }
  const { batchSize: known, ...rest } = parsed.data;
  return known === undefined ? rest : { ...rest, batchSize: known };
}

/** A UUID of any version. Its case does not matter. */
function parseKey(key: string): string {
  const parsed = z.guid().safeParse(key);
  if (!parsed.success) throw new AppError('invalid', 'key must be a UUID.', { cause: parsed.error });
  return parsed.data.toLowerCase();
}

/**
 * Parses `Upload-Checksum`: an algorithm and a digest in Base64. Throws `bad_request` for bad syntax or an unknown
 * algorithm.
 */
export function parseChecksum(header: string | undefined): Checksum | undefined {
  if (header === undefined) return undefined;
  const [, name, base64 = ''] = /^([a-z0-9]+) +([A-Za-z0-9+/]+={0,2})$/.exec(header) ?? [];
  const algorithm = tusChecksums.find((known) => known === name);
  if (algorithm === undefined) {
    throw new AppError(
      'bad_request',
      `Upload-Checksum must be one of ${tusChecksums.join(', ')}, followed by a digest in Base64.`,
    );
  }
  const expected = Buffer.from(base64, 'base64');
  if (algorithm === 'crc32') {
    let value = 0;
    return {
      update(chunk) {
        value = crc32(chunk, value);
      },
      matches() {
        const digest = Buffer.alloc(4);
        digest.writeUInt32BE(value);
        return digest.equals(expected);
      },
    };
  }
  const hash = createHash(algorithm);
  return {
    update: (chunk) => void hash.update(chunk),
    matches: () => hash.digest().equals(expected),
  };
}
