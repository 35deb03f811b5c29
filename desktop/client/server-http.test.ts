import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createRawServer } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createRemoteBackend } from './remote-backend.ts';
import { createServerHttp, parseServerAddress, refusal, unreachable } from './server-http.ts';
import { keepInMemory, openServerSession, signIn } from './server-session.ts';

let running = new AsyncDisposableStack();
afterEach(async () => {
  await running.disposeAsync();
  running = new AsyncDisposableStack();
});

/** A server of somebody else, and the requests that it received. */
async function listen(answer: RequestListener) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
  server.on('upgrade', (request, socket) => {
    asked.push(request);
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  running.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, asked };
}

const session = {
  email: 'me@example.org',
  accessToken: 'secret-token',
  refreshToken: 'secret-refresh',
  expiresAt: '2100-01-01T00:00:00.000Z',
  signedInAt: '2030-01-01T00:00:00.000Z',
};
const never = new AbortController().signal;

describe('an address', () => {
  it.each([
    ['https://sound.example.org', 'https://sound.example.org', 'sound.example.org'],
    ['https://sound.example.org/', 'https://sound.example.org', 'sound.example.org'],
    ['sound.example.org', 'https://sound.example.org', 'sound.example.org'],
    ['HTTPS://Sound.Example.org:8443/there//', 'https://sound.example.org:8443/there', 'sound.example.org:8443'],
    ['http://192.168.1.9:8080', 'http://192.168.1.9:8080', '192.168.1.9:8080'],
    ['localhost:8080', 'http://localhost:8080', 'localhost:8080'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080', '127.0.0.1:8080'],
    ['[::1]:8080', 'http://[::1]:8080', '[::1]:8080'],
  ])('%j is %j', (address, url, host) => {
    expect(parseServerAddress(address)).toMatchObject({ url, host });
  });

  it.each([
    '',
    'ftp://sound.example.org',
    'file:///etc/passwd',
    'https://',
    'https://me:secret@sound.example.org',
    'https://sound.example.org?a=b',
    'https://sound.example.org#a',
    'two words',
  ])('%j is invalid', (address) => {
    expect(() => parseServerAddress(address)).toThrowError(expect.objectContaining({ code: 'invalid' }));
  });

  it('is readable by others if it is plain http to another computer', () => {
    expect(parseServerAddress('http://192.168.1.9:8080').readable).toBe(true);
    expect(parseServerAddress('http://127.0.0.1.example.org').readable).toBe(true);
    expect(parseServerAddress('http://127.0.0.1:8080').readable).toBe(false);
    expect(parseServerAddress('https://192.168.1.9').readable).toBe(false);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])(
    'with %i is not followed, so the other server gets no token and no password',
    async (status) => {
      const elsewhere = await listen((_request, response) => response.end('{}'));
      const server = await listen((request, response) => {
        response.writeHead(status, { location: `${elsewhere.url}${request.url}` }).end();
      });
      const http = createServerHttp(server.url);
      const keeper = keepInMemory(session);
      const backend = createRemoteBackend(openServerSession(http, keeper));
      const unfollow = backend.follow(() => undefined);
      const told = { code: 'unavailable', message: expect.stringContaining('redirects to another address') as string };
      await expect(backend.get('x')).rejects.toMatchObject(told);
      await expect(backend.cancel('x')).rejects.toMatchObject(told);
      await expect(signIn(http, { email: 'me', password: 'secret' }, keeper)).rejects.toMatchObject(told);
      await expect.poll(() => server.asked.some(({ headers }) => headers.upgrade !== undefined)).toBe(true);
      unfollow();
      expect(elsewhere.asked).toEqual([]);
    },
  );

  it('in the address of an upload is not followed, so the other server gets no bytes', async () => {
    const elsewhere = await listen((_request, response) => response.end('{}'));
    const info = { version: '1', signUp: 'open', mail: false, maxUploadBytes: 1e9, maxDurationSeconds: 1 };
    const server = await listen(({ method, url }, response) => {
      if (url === '/api/v1/server') response.setHeader('content-type', 'application/json').end(JSON.stringify(info));
      else if (method === 'POST') {
        response.writeHead(201, { location: `${elsewhere.url}/uploads/x`, 'x-conversion-id': 'x' }).end();
      } else response.writeHead(307, { location: `${elsewhere.url}/uploads/x` }).end();
    });
    const backend = createRemoteBackend(openServerSession(createServerHttp(server.url), keepInMemory(session)));
    const file = { path: import.meta.filename, fileName: 'talk.mp4', bytes: 10 };
    await expect(backend.submit({ file, options: { format: 'mp3' } }, never)).rejects.toMatchObject({});
    expect(elsewhere.asked).toEqual([]);
  });
});

describe('a server that is not Soundlift', () => {
  it.each([
    [200, 'text/html', '<html>Welcome</html>'],
    [200, 'application/json', '{"hello": 1}'],
    [404, 'text/html', '<html>Not found</html>'],
    [403, 'application/json', '{"error": "no"}'],
  ])('is recognized by its answer %i %s', async (status, type, body) => {
    const { url, host } = await listen((_request, response) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    });
    const backend = createRemoteBackend(openServerSession(createServerHttp(url), keepInMemory(session)));
    await expect(backend.get('x')).rejects.toMatchObject({
      code: 'unavailable',
      message: `${host} isn't a Soundlift server. Check the address.`,
    });
  });

  it('may speak a protocol other than HTTP', async () => {
    const raw = createRawServer(
      (socket) => void socket.on('error', () => undefined).end('220 mail.example.org ESMTP\r\n'),
    );
    raw.listen(0, '127.0.0.1');
    await once(raw, 'listening');
    running.defer(() => void raw.close());
    const { port } = raw.address() as AddressInfo;
    await expect(createServerHttp(`http://127.0.0.1:${port}`).ask({ method: 'GET', path: '/' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining("isn't a Soundlift server") as string,
    });
  });
});

describe('a refusal', () => {
  it('keeps the code, the message and the details of the problem', () => {
    const problem = {
      type: 'about:blank',
      title: 'Too large',
      status: 413,
      code: 'too_large',
      detail: 'It is too large.',
      details: { limitBytes: 5 },
    };
    expect(refusal('h', 413, problem)).toMatchObject({
      code: 'too_large',
      message: problem.detail,
      details: problem.details,
    });
    expect(refusal('h', 413, JSON.stringify(problem))).toMatchObject({ code: 'too_large' });
  });

  it.each([
    [418, 'unknown'],
    [500, 'unknown'],
    [401, 'unauthorized'],
    [429, 'too_many'],
    [503, 'unavailable'],
  ])('of %i with a code that is not known keeps its message, and is %s', (status, code) => {
    const problem = { type: 'about:blank', title: 'New', status, code: 'brand_new', detail: 'Something new.' };
    expect(refusal('h', status, problem)).toMatchObject({ code, message: 'Something new.' });
  });

  it.each([
    [413, 'too_large', /does not accept requests of that size/],
    [502, 'unavailable', /cannot be reached right now/],
    [504, 'unavailable', /cannot be reached right now/],
  ])('of %i by a proxy in front of the server is reported as %s', (status, code, message) => {
    const error = refusal('h', status, '<html>');
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

describe('an unreachable server', () => {
  it.each([
    ['ECONNREFUSED', /^h refused the connection\./],
    ['ENOTFOUND', /^No server named h was found\. Check the address and your connection\.$/],
    ['EAI_AGAIN', /^No server named h was found\. Check the address and your connection\.$/],
    ['ETIMEDOUT', /^h isn't responding\./],
    ['ECONNRESET', /^h isn't responding\./],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /certificate is not valid/],
    ['CERT_HAS_EXPIRED', /certificate is not valid/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /certificate is not valid/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /certificate is not valid/],
    ['EPROTO', /isn't a Soundlift server/],
    ['HPE_INVALID_CONSTANT', /isn't a Soundlift server/],
  ])('because of %s is reported as such', (code, message) => {
    const error = unreachable('h', Object.assign(new Error('of the driver'), { code }));
    expect(error.code).toBe('unavailable');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('driver');
  });

  it('is reported by an error that contains no token', async () => {
    const http = createServerHttp('http://127.0.0.1:1');
    const headers = { Authorization: 'Bearer secret-token' };
    const error: unknown = await http.ask({ method: 'GET', path: '/', headers }).catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 9 })).not.toContain('secret-token');
  });
});
