import { type BadRequest, mebibyte, request, type Sender } from './bad-request.ts';

/** The creation of a resumable upload, with its first bytes if any. */
export function creation(headers: readonly string[], body = ''): (sender: Sender) => Buffer {
  return (sender) => {
    const bytes = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    const all = [`Authorization: Bearer ${sender.token}`, 'Tus-Resumable: 1.0.0', ...bytes, ...headers];
    return Buffer.from(request('POST /api/v1/uploads', all, body)(sender));
  };
}

/** `Upload-Metadata` with these values. */
export function metadata(values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`);
  return `Upload-Metadata: ${pairs.join(',')}`;
}

const bytes = 'Content-Type: application/offset+octet-stream';
const wrongHash = `Upload-Checksum: sha1 ${Buffer.alloc(20).toString('base64')}`;

export const badUploads: readonly BadRequest[] = [
  {
    what: 'one of another version',
    bytes: request('OPTIONS /api/v1/uploads/..%2f..', ['Tus-Resumable: 0.0.1']),
    statuses: [204],
  },
  { what: 'one without a length', bytes: creation([]), statuses: [400] },
  { what: 'one with a length below zero', bytes: creation(['Upload-Length: -1']), statuses: [400] },
  {
    what: 'one with a length that is too large for a number',
    bytes: creation(['Upload-Length: 99999999999999999999']),
    statuses: [400],
  },
  { what: 'one with a malformed length', bytes: creation(['Upload-Length: 0x10']), statuses: [400] },
  { what: 'one with two lengths', bytes: creation(['Upload-Length: 1', 'Upload-Length: 2']), statuses: [400] },
  {
    what: 'one that is larger than the server accepts',
    bytes: creation(['Upload-Length: 20000000001']),
    statuses: [413],
  },
  {
    what: 'one with more bytes than its length',
    bytes: creation(['Upload-Length: 2', bytes], 'video'),
    statuses: [413],
  },
  {
    what: 'one with bytes of another type',
    bytes: creation(['Upload-Length: 5', 'Content-Type: video/mp4'], 'video'),
    statuses: [415],
  },
  {
    what: 'one with the hash of other bytes',
    bytes: creation(['Upload-Length: 5', bytes, wrongHash], 'video'),
    statuses: [460],
  },
  {
    what: 'one with an unknown hash',
    bytes: creation(['Upload-Length: 5', bytes, 'Upload-Checksum: md5 AAAA'], 'video'),
    statuses: [400],
  },
  {
    what: 'one with a malformed hash and no bytes',
    bytes: creation(['Upload-Length: 5', 'Upload-Checksum: ']),
    statuses: [400],
  },
  {
    what: 'one with a name that is not in Base64',
    bytes: creation(['Upload-Length: 5', 'Upload-Metadata: filename ../../x']),
    statuses: [400],
  },
  {
    what: 'one with a name of 1 MB',
    bytes: creation(['Upload-Length: 5', metadata({ filename: 'x'.repeat(mebibyte) })]),
    statuses: [431],
  },
  {
    what: 'one with options that are not JSON',
    bytes: creation(['Upload-Length: 5', metadata({ options: '{' })]),
    statuses: [422],
  },
  {
    what: 'one with options that attack JavaScript’s internals',
    bytes: creation(['Upload-Length: 5', metadata({ options: '{"format":"mp3","__proto__":{"track":1}}' })]),
    statuses: [422],
  },
  {
    what: 'one with options that are 5,000 deep',
    bytes: creation(['Upload-Length: 5', metadata({ options: '['.repeat(5000) + ']'.repeat(5000) })]),
    statuses: [422],
  },
  {
    what: 'one of a batch with an id of 201 characters',
    bytes: creation(['Upload-Length: 5', metadata({ batchId: 'x'.repeat(201) })]),
    statuses: [422],
  },
  {
    what: 'one of a batch of size 0',
    bytes: creation(['Upload-Length: 5', metadata({ batchId: 'b', batchSize: '0' })]),
    statuses: [422],
  },
];
