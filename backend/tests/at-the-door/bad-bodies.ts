import { type BadRequest, form, formType, json, mebibyte, request, signedIn } from './bad-request.ts';

const read = 'POST /api/v1/notifications/read';
const accounts = 'POST /api/v1/accounts';
const credentials = '"email":"door@example.com","password":"a long enough password"';

/** JSON that is too large, too deep, or attacks JavaScript's internals. */
export const badBodies: readonly BadRequest[] = [
  { what: 'JSON of 5 MB', bytes: json(read, `{"ids":["${'x'.repeat(5 * mebibyte)}"]}`), statuses: [413] },
  {
    what: 'JSON of 5 MB without a token',
    bytes: request(
      accounts,
      ['Content-Type: application/json', `Content-Length: ${5 * mebibyte}`],
      'x'.repeat(5 * mebibyte),
    ),
    statuses: [413],
  },
  {
    what: 'arrays in arrays, 50,000 deep',
    bytes: json(read, `{"ids":${'['.repeat(50_000)}${']'.repeat(50_000)}}`),
    statuses: [422],
  },
  {
    what: 'objects in objects, 20,000 deep',
    bytes: json(read, `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`),
    statuses: [422],
  },
  { what: '100,000 brackets that are never closed', bytes: json(read, '['.repeat(100_000)), statuses: [400] },
  {
    what: '__proto__ instead of a field',
    bytes: json(accounts, `{${credentials},"__proto__":{"admin":true}}`),
    statuses: [422],
  },
  {
    what: 'constructor instead of a field',
    bytes: json(accounts, `{${credentials},"constructor":{"prototype":{"admin":true}}}`),
    statuses: [422],
  },
  { what: 'an unknown field', bytes: json(accounts, `{${credentials},"admin":true}`), statuses: [422] },
  { what: 'a number instead of a string', bytes: json(accounts, '{"email":1,"password":["a","b"]}'), statuses: [422] },
  { what: 'incomplete JSON', bytes: json(read, '{"ids":["a'), statuses: [400] },
  { what: 'JSON in UTF-16', bytes: json(read, Buffer.from('\uFEFF{"ids":[]}', 'utf16le')), statuses: [400] },
  {
    what: 'bytes that are not UTF-8',
    bytes: json(accounts, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
    statuses: [422],
  },
  { what: 'JSON declared as text', bytes: signedIn(read, 'text/plain', '{"ids":[]}'), statuses: [415] },
  {
    what: 'JSON declared as a form',
    bytes: signedIn(read, 'application/x-www-form-urlencoded', 'ids=1'),
    statuses: [415],
  },
  {
    what: 'JSON declared as compressed',
    bytes: json(read, '{"ids":[]}', 'Content-Encoding: gzip'),
    statuses: [415],
  },
];

/** Names and ids with a meaning for a file system. */
export const badNames: readonly BadRequest[] = [
  { what: 'an upload of another type', bytes: signedIn('POST /upload', 'video/mp4', 'video'), statuses: [400] },
  {
    what: 'an upload whose form has no boundary',
    bytes: signedIn('POST /upload', 'multipart/form-data', form('name="file"; filename="a"')),
    statuses: [400],
  },
  { what: 'an upload without a name', bytes: signedIn('POST /upload', formType, form('name="file"')), statuses: [400] },
  { what: 'an id with ../', bytes: request('GET /open/../../../etc/passwd'), statuses: [404] },
  {
    what: 'an id with %2e%2e%2f',
    bytes: signedIn('GET /api/v1/conversions/%2e%2e%2f%2e%2e%2fetc%2fpasswd', 'text/plain', ''),
    statuses: [404],
  },
  { what: 'an id with NUL', bytes: signedIn('GET /download?fid=%00', 'text/plain', ''), statuses: [404] },
  {
    what: 'an id that cannot be decoded',
    bytes: signedIn('GET /api/v1/conversions/%E0%A4%A', 'text/plain', ''),
    statuses: [400],
  },
  {
    what: 'an id of 8,000 letters',
    bytes: signedIn(`GET /download?fid=${'x'.repeat(8000)}`, 'text/plain', ''),
    statuses: [404],
  },
  {
    what: 'a query with a parameter twice',
    bytes: signedIn('GET /api/v1/conversions?limit=1&limit=2', 'text/plain', ''),
    statuses: [422],
  },
  {
    what: 'a query for __proto__',
    bytes: signedIn('GET /api/v1/conversions?__proto__[limit]=1&constructor=x', 'text/plain', ''),
    statuses: [200],
  },
];
