import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { uploadHead } from '../upload-form.ts';

/**
 * A program that attacks a server in every way at once until it is killed. It holds what it can get, and takes it again when that is taken from it. Its
 * arguments are the server's URL and the tokens of three accounts. It prints a line of JSON every second: how many connections of each kind were
 * opened so far.
 */
const [url = '', ofSockets = '', ofUploads = '', ofRequests = ''] = process.argv.slice(2);

/** One kind of attacker. */
interface Attackers {
  readonly count: number;
  /** The first bytes of each connection. */
  readonly begin: () => string;
  /** Sent now and then after that. */
  readonly more?: string;
  readonly everySeconds?: number;
}

const pauseSeconds = 10;

const head = (line: string, ...headers: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
const json = 'Content-Type: application/json';

const kinds: Readonly<Record<string, Attackers>> = {
  'slow JSON bodies': {
    count: 1010,
    begin: () => `${head('POST /api/v1/sessions', json, 'Content-Length: 100000')}{`,
    more: ' ',
    everySeconds: 12,
  },
  'sockets of one account': {
    count: 992,
    begin: () =>
      head(
        'GET /api/v1/events',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
        `Authorization: Bearer ${ofSockets}`,
      ),
  },
  'uploads of one account': {
    count: 1000,
    begin: () =>
      `${uploadHead(ofUploads, 'Content-Length: 1000000\r\n')}--the-boundary\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n`,
    more: 'x',
    everySeconds: 10,
  },
  'requests of one account': {
    count: 300,
    begin: () => `${head('PATCH /api/v1/me', `Authorization: Bearer ${ofRequests}`, json, 'Content-Length: 100')}{`,
    more: ' ',
    everySeconds: 10,
  },
  'sign-ups': {
    count: 300,
    begin: () => {
      const body = JSON.stringify({ email: `${randomUUID()}@example.com`, password: 'a long password' });
      return head('POST /api/v1/accounts', json, `Content-Length: ${body.length}`) + body;
    },
  },
  'slow heads': {
    count: 500,
    begin: () => 'GET / HTTP/1.1\r\nHost: localhost\r\n',
    more: 'X-A: b\r\n',
    everySeconds: 3,
  },
  'large heads': { count: 100, begin: () => head('GET /', `X-Long: ${'x'.repeat(100_000)}`) },
  'nothing at all': { count: 500, begin: () => '' },
};

const opened = Object.fromEntries(Object.keys(kinds).map((name) => [name, 0]));
const { hostname, port } = new URL(url);

function attack(name: string, kind: Attackers): void {
  const { begin, more = '', everySeconds = 3600 } = kind;
  const socket = connect({ host: hostname, port: Number(port) });
  const dripping = setInterval(() => socket.write(more), everySeconds * 1000);
  socket
    .resume()
    .on('error', () => undefined)
    .once('connect', () => {
      opened[name] = (opened[name] ?? 0) + 1;
      socket.write(begin());
    })
    .once('close', () => {
      clearInterval(dripping);
      setTimeout(attack, pauseSeconds * 1000 * (0.5 + Math.random()), name, kind);
    });
}

for (const [name, kind] of Object.entries(kinds)) {
  for (let i = 0; i < kind.count; i += 1) attack(name, kind);
}
setInterval(() => console.log(JSON.stringify(opened)), 1000);
