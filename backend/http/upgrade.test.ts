import type { RequestListener } from 'node:http';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { openRaw, sendRaw } from '../tests/raw-request.ts';
import { readBody } from './request-body.ts';
import { type RunningServer, startServer } from './server.ts';
import { takeConnection } from './upgrade.ts';

const log = pino({ level: 'silent' });
const servers: RunningServer[] = [];

async function start(app: RequestListener): Promise<RunningServer> {
  const server = await startServer(app, { host: '127.0.0.1', port: 0, log, graceSeconds: 0.2 });
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const upgrade = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';

/** Sends back the bytes that came after the head, and then everything that follows. */
const echo: RequestListener = (request, response) => {
  const taken = takeConnection(request, response);
  if (taken === undefined) return void response.end('not taken');
  taken.socket.write(`taken, and ${taken.head}:`);
  taken.socket.pipe(taken.socket);
};

describe('a request for a WebSocket', () => {
  it('gives its connection to the route that takes it, with the bytes that had already arrived', async () => {
    const { url } = await start(echo);
    const connection = await openRaw(url);
    await connection.send(`GET / HTTP/1.1\r\n${upgrade}\r\nearly`);
    expect(await connection.until(/:/)).toBe('taken, and early:');
    await connection.send('late');
    expect(await connection.until(/late/)).toBe('taken, and early:late');
    connection.destroy();
  });

  it('gets an ordinary answer from a route that does not take it, and the connection closes', async () => {
    const { url } = await start((_request, response) => {
      response.statusCode = 404;
      response.setHeader('X-Reason', 'none');
      response.end('nothing here');
    });
    const answer = await sendRaw(url, `GET / HTTP/1.1\r\n${upgrade}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toMatch(/\r\nConnection: close\r\n/);
    expect(answer).toMatch(/\r\nX-Reason: none\r\n[^]*nothing here/);
  });

  it('does not keep the server from closing', async () => {
    const server = await start(echo);
    const connection = await openRaw(server.url);
    await connection.send(`GET / HTTP/1.1\r\n${upgrade}\r\n`);
    await connection.until(/:/);
    await server.close();
    await connection.closed;
  });

  it('may be cut off while it is being handled', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { url } = await start((request, response) => {
      if (request.headers.upgrade === undefined) return void response.end('still here');
      arrive();
      void released.then(() => response.end('too late'));
    });
    const connection = await openRaw(url);
    await connection.send(`GET / HTTP/1.1\r\n${upgrade}\r\n`);
    await arrived;
    connection.destroy();
    await connection.closed;
    release();
    expect(await (await fetch(url)).text()).toBe('still here');
  });
});

describe('a request that offers another protocol', () => {
  it.each([
    [
      'h2c',
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n',
    ],
    ['a WebSocket by POST', `POST / HTTP/1.1\r\n${upgrade}Content-Length: 4\r\n\r\nbody`],
    ['a WebSocket with a body', `GET / HTTP/1.1\r\n${upgrade}Content-Length: 4\r\n\r\nbody`],
  ])('is answered as if it did not offer one: %s', async (_what, request) => {
    const { url } = await start((incoming, response) => {
      let body = '';
      const read = (chunk: Uint8Array): undefined => void (body += Buffer.from(chunk).toString());
      void readBody(incoming, response, read, { idleSeconds: 5 }).then(() => {
        response.end(`${takeConnection(incoming, response) === undefined ? 'not taken' : 'taken'}, with (${body})`);
      });
    });
    const connection = await openRaw(url);
    await connection.send(request);
    expect(await connection.until(/\)/)).toContain(`not taken, with (${request.endsWith('body') ? 'body' : ''})`);
    connection.destroy();
  });
});
