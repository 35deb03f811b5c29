import { type BadRequest, mebibyte, request, type Sender } from './bad-request.ts';

/** A body in chunks, valid or not. */
function chunked(chunks: string): (sender: Sender) => string {
  return (sender) => {
    const headers = [
      `Authorization: Bearer ${sender.token}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ];
    return request('POST /api/v1/notifications/read', headers, chunks)(sender);
  };
}

/** Requests that are ambiguous or unreadable. */
export const badFraming: readonly BadRequest[] = [
  { what: 'a header of 1 MB', bytes: request('GET /healthz', [`X-Long: ${'x'.repeat(mebibyte)}`]), statuses: [431] },
  {
    what: '100,000 headers',
    bytes: request(
      'GET /healthz',
      Array.from({ length: 100_000 }, (_, index) => `X-${index}: x`),
    ),
    statuses: [431],
  },
  { what: 'an address of 20,000 letters', bytes: request(`GET /${'x'.repeat(20_000)}`), statuses: [431] },
  { what: 'two Host', bytes: request('GET /healthz', ['Host: evil.example']), statuses: [400] },
  {
    what: 'the same Host twice',
    bytes: (sender) => request('GET /healthz', [`Host: ${sender.host}`])(sender),
    statuses: [400],
  },
  { what: 'no Host', bytes: () => 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', statuses: [400] },
  {
    what: 'both lengths',
    bytes: request('POST /login', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    statuses: [400],
  },
  {
    what: 'two lengths',
    bytes: request('POST /login', ['Content-Length: 1', 'Content-Length: 2'], 'xx'),
    statuses: [400],
  },
  { what: 'a length below zero', bytes: request('POST /login', ['Content-Length: -1'], 'x'), statuses: [400] },
  {
    what: 'a length that is too large for a number',
    bytes: request('POST /login', ['Content-Length: 99999999999999999999'], 'x'),
    statuses: [400],
  },
  {
    what: 'an unknown transfer encoding',
    bytes: request('POST /login', ['Transfer-Encoding: xchunked'], 'x'),
    statuses: [400],
  },
  {
    what: 'a header continued on the next line',
    bytes: request('GET /healthz', ['X-Folded: a\r\n b']),
    statuses: [400],
  },
  { what: 'a bare CR in a header', bytes: request('GET /healthz', ['X-Bare: a\rX-Other: b']), statuses: [400] },
  { what: 'NUL in a header', bytes: request('GET /healthz', ['X-Nul: a\0b']), statuses: [400] },
  { what: 'a space before a colon', bytes: request('GET /healthz', ['X-Space : a']), statuses: [400] },
  { what: 'a header without a colon', bytes: request('GET /healthz', ['X-None']), statuses: [400] },
  { what: 'malformed chunks', bytes: chunked(`not a size\r\n`), statuses: [400] },
  {
    what: '5 MB in one chunk',
    bytes: chunked(`${(5 * mebibyte).toString(16)}\r\n${'x'.repeat(5 * mebibyte)}\r\n0\r\n\r\n`),
    statuses: [413],
  },
  { what: 'a chunk size that is too large for a number', bytes: chunked(`fffffffffffffffff\r\n`), statuses: [400] },
  {
    what: 'a chunk with an extension of 1 MB',
    bytes: chunked(`2;${'x'.repeat(mebibyte)}\r\n{}\r\n0\r\n\r\n`),
    statuses: [400],
  },
  {
    what: 'a good request followed by junk',
    bytes: ({ host }) => `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\njunk\r\n\r\n`,
    statuses: [200],
  },
  { what: 'junk', bytes: () => Buffer.alloc(100_000, 0xa5), statuses: [400] },
  { what: 'the first bytes of TLS', bytes: () => Buffer.from('16030100c8010000c4030300', 'hex'), statuses: [400] },
  { what: 'HTTP/2 without an upgrade', bytes: () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', statuses: [400] },
  { what: 'HTTP/0.9', bytes: () => 'GET /healthz\r\n\r\n', statuses: [400] },
  { what: 'HTTP/3.7', bytes: ({ host }) => `GET /healthz HTTP/3.7\r\nHost: ${host}\r\n\r\n`, statuses: [400] },
  { what: 'HTTP/1.0 without Host', bytes: () => 'GET /healthz HTTP/1.0\r\n\r\n', statuses: [400] },
  { what: 'HTTP/1.0', bytes: ({ host }) => `GET /healthz HTTP/1.0\r\nHost: ${host}\r\n\r\n`, statuses: [200] },
  { what: 'a whole URL', bytes: request('GET http://evil.example/healthz'), statuses: [400] },
  {
    what: 'our own whole URL',
    bytes: (sender) => request(`GET http://${sender.host}/healthz`)(sender),
    statuses: [400],
  },
  { what: 'an address without a slash', bytes: request('GET healthz'), statuses: [400] },
  { what: 'an asterisk', bytes: request('OPTIONS *'), statuses: [400] },
  { what: 'TRACE', bytes: request('TRACE /healthz'), statuses: [405] },
  { what: 'TRACE of an unknown path', bytes: request('TRACE /nothing'), statuses: [404] },
  { what: 'CONNECT', bytes: request('CONNECT evil.example:443'), statuses: [400] },
  { what: 'an unknown method', bytes: request('BREW /healthz'), statuses: [400] },
  { what: 'a method that no route has', bytes: request('PROPFIND /healthz'), statuses: [405] },
  {
    what: 'an unknown expectation',
    bytes: request('GET /healthz', ['Expect: the-unexpected']),
    statuses: [200],
  },
  {
    what: 'another protocol',
    bytes: request('GET /healthz', ['Connection: Upgrade', 'Upgrade: h2c']),
    statuses: [200],
  },
];

/** Pages of other origins, and other host names that point to this server. */
export const badOrigins: readonly BadRequest[] = [
  {
    what: 'a page of another origin',
    bytes: request('GET /api/v1/server', ['Origin: https://evil.example']),
    statuses: [403],
  },
  { what: 'a page without an origin', bytes: request('GET /api/v1/server', ['Origin: null']), statuses: [403] },
  {
    what: 'a page of another port',
    bytes: request('POST /login', ['Origin: http://localhost:1', 'Content-Length: 0']),
    statuses: [403],
  },
  {
    what: 'a preflight request of another origin',
    bytes: request('OPTIONS /upload', ['Origin: https://evil.example', 'Access-Control-Request-Method: POST']),
    statuses: [403],
  },
  {
    what: 'a socket for a page of another origin',
    bytes: request('GET /api/v1/events', [
      'Origin: https://evil.example',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==',
    ]),
    statuses: [403],
  },
  {
    what: 'a rebound name',
    bytes: () => 'GET /api/v1/server HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    statuses: [403],
  },
  {
    what: 'a rebound name with our port',
    bytes: ({ host }) =>
      `GET /api/v1/server HTTP/1.1\r\nHost: evil.example:${new URL(`http://${host}`).port}\r\nConnection: close\r\n\r\n`,
    statuses: [403],
  },
  {
    what: 'an invalid Host',
    bytes: () => 'GET /api/v1/server HTTP/1.1\r\nHost: user@localhost\r\nConnection: close\r\n\r\n',
    statuses: [400],
  },
];
