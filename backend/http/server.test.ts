import type { RequestListener } from 'node:http';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openRaw, sendRaw } from '../tests/raw-request.ts';
import { answerProblem } from './answer-problem.ts';
import { toProblem } from './problem.ts';
import { readBody } from './request-body.ts';
import { handleRequest } from './requests-in-progress.ts';
import { type RunningServer, type ServerOptions, startServer } from './server.ts';

const log = pino({ level: 'silent' });
const servers: RunningServer[] = [];

async function start(app: RequestListener, options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer(app, { host: '127.0.0.1', port: 0, log, graceSeconds: 0.2, ...options });
  servers.push(server);
  return server;
}

afterEach(async () => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) await server.close();
});

const hello: RequestListener = (_request, response) => void response.end('hello');

describe('startServer', () => {
  it('returns its address', async () => {
    const { url } = await start(hello);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(url)).text()).toBe('hello');
  });

  it('returns an address of this computer when it listens on all', async () => {
    const { url } = await start(hello, { host: '0.0.0.0' });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('says in a sentence that its port is taken', async () => {
    const { url } = await start(hello);
    const port = Number(new URL(url).port);
    await expect(start(hello, { port })).rejects.toMatchObject({
      code: 'unavailable',
      message: `Port ${port} is taken by another program: set PORT (--port) to another.`,
    });
  });

  it.each(['8.8.8.8', 'no-such-host.invalid'])(
    'says which setting is wrong if %s is no address of this computer',
    async (host) => {
      await expect(start(hello, { host })).rejects.toMatchObject({
        code: 'invalid',
        message: `HOST (--host) must be an address of this computer, and ${host} is not one.`,
      });
    },
  );

  it('answers 408 to a client that does not finish its headers', async () => {
    const { url } = await start(hello, { headersSeconds: 0.2 });
    const answer = await sendRaw(url, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"request_timeout"');
  });

  it('refuses headers that are too large', async () => {
    const { url } = await start(hello);
    const answer = await sendRaw(url, `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('"code":"headers_too_large"');
  });

  it('answers 400 to a body with broken chunks', async () => {
    const { url } = await start((request, response) => {
      readBody(request, response, () => undefined, { idleSeconds: 5 }).catch(() => undefined);
    });
    const answer = await sendRaw(
      url,
      'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('closing', () => {
  const connects = (server: RunningServer): Promise<boolean> =>
    fetch(server.url).then(
      () => true,
      () => false,
    );

  it('lets an open request end, and takes no new one', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const server = await start(
      (_request, response) => {
        arrive();
        void released.then(() => response.end('in time'));
      },
      { graceSeconds: 20 },
    );
    const answer = fetch(server.url).then((response) => response.text());
    await arrived;
    const closed = server.close();
    await expect.poll(() => connects(server)).toBe(false);
    release();
    expect(await answer).toBe('in time');
    // The client keeps its connection open. Node alone would wait some seconds for it to close.
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    await expect.poll(() => isClosed, { timeout: 4000 }).toBe(true);
  });

  it('closes a connection with the answer to the request in progress', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const server = await start(
      (_request, response) => {
        arrive();
        void released.then(() => response.end('in time'));
      },
      { graceSeconds: 20, handsOver: true },
    );
    const connection = await openRaw(server.url);
    await connection.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await arrived;
    const closed = server.close();
    release();
    const answer = await connection.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n[^]*in time$/);
    await closed;
  });

  it('refuses a new request on an open connection with 503, if clients can go on elsewhere', async () => {
    const server = await start(hello, { graceSeconds: 20, handsOver: true });
    const connections = [await openRaw(server.url), await openRaw(server.url)];
    for (const connection of connections) {
      await connection.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await connection.until(/hello$/);
    }
    const closed = server.close();
    await expect.poll(() => connects(server)).toBe(false);
    const [get, post] = connections;
    await get?.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    // A client that is still sending gets the answer, too.
    await post?.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n12');
    await post?.until(/503/);
    await post?.send('34');
    for (const connection of connections) {
      const [, refusal] = (await connection.closed).split('hello');
      expect(refusal).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n[^]*\r\nConnection: close\r\n/);
    }
    await closed;
  });

  it('closes a connection without a request at once if clients cannot go on elsewhere, and leaves it open for a while otherwise', async () => {
    const servers = [
      await start(hello, { graceSeconds: 60, handsOver: true }),
      await start(hello, { graceSeconds: 60 }),
    ] as const;
    const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const connections = [await openRaw(servers[0].url), await openRaw(servers[1].url)] as const;
    for (const connection of connections) {
      await connection.send(request);
      await connection.until(/hello$/);
    }
    const closed = servers.map((server) => server.close());
    await connections[1].closed;
    await connections[0].send(request);
    expect(await connections[0].closed).toContain('503');
    await Promise.all(closed);
  });

  it('waits for the work of a request whose client has gone away', async () => {
    const steps: string[] = [];
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const server = await start((_request, response) => {
      handleRequest(response, async (signal) => {
        arrive();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        steps.push(`given up: ${signal.reason.code}`);
        await released;
        steps.push('undone');
      }).catch(() => undefined);
    });
    const connection = await openRaw(server.url);
    await connection.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await arrived;
    connection.destroy();
    const closed = server.close().then(() => steps.push('closed'));
    await expect.poll(() => steps).toEqual(['given up: cancelled']);
    release();
    await closed;
    expect(steps).toEqual(['given up: cancelled', 'undone', 'closed']);
  });

  it('answers 503 to a request that does not end in time', async () => {
    const server = await start((request, response) => {
      handleRequest(response, (signal) =>
        readBody(request, response, () => undefined, { idleSeconds: 60, signal }),
      ).catch((error: unknown) => answerProblem(request, response, toProblem(error)));
    });
    const connection = await openRaw(server.url);
    await connection.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
    await connection.until(/100 Continue/);
    await server.close();
    expect(await connection.closed).toMatch(/503 [^]*\r\nRetry-After: 1\r\n/);
  });

  it('cuts off what does not end in time', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const server = await start(() => arrive());
    const connection = await openRaw(server.url);
    await connection.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await arrived;
    await server.close();
    expect(await connection.closed).toBe('');
  });
});

describe('readBody', () => {
  /** Answers with the outcome of reading the body. */
  function reader(
    idleSeconds: number,
    sink: (chunk: Uint8Array) => Promise<void> | undefined = () => undefined,
  ): RequestListener {
    return (request, response) => {
      let bytes = 0;
      readBody(
        request,
        response,
        (chunk) => {
          bytes += chunk.byteLength;
          return sink(chunk);
        },
        { idleSeconds },
      ).then(
        () => response.end(`whole: ${bytes}`),
        (error: unknown) => response.end(String(error)),
      );
    };
  }
  const head = 'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 8\r\n\r\n';

  it('gives up on a client that stops sending', async () => {
    const { url } = await start(reader(0.1));
    expect(await sendRaw(url, `${head}1234`)).toMatch(/AppError: Nothing more came/);
  });

  it('waits for a slow client that keeps sending', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let received = '';
    const { url } = await start(reader(1, (chunk) => void (received += String(chunk))));
    const connection = await openRaw(url);
    await connection.send(head);
    for (const byte of '12345678') {
      await connection.send(byte);
      await expect.poll(() => received).toMatch(new RegExp(`${byte}$`));
      vi.advanceTimersByTime(900);
    }
    expect(await connection.closed).toMatch(/whole: 8/);
  });

  it('does not count the sink’s own pauses against the client', async () => {
    const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 300));
    const { url } = await start(reader(0.1, slow));
    expect(await sendRaw(url, `${head}12345678`)).toMatch(/whole: 8/);
  });

  it('gives up on a client that stops sending after such a pause', async () => {
    const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 300));
    const { url } = await start(reader(0.1, slow));
    expect(await sendRaw(url, `${head}1234`)).toMatch(/AppError: Nothing more came/);
  });

  it('makes the client wait while the sink has not taken its bytes', async () => {
    const { promise: never } = Promise.withResolvers<void>();
    const { url } = await start(reader(60, () => never));
    const connection = await openRaw(url);
    await connection.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n');
    let sent = 0;
    let stuck = false;
    while (!stuck && sent < 200) {
      const { promise: waited, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(true), 500);
      connection.send(Buffer.alloc(1_000_000)).then(
        () => resolve(false),
        () => undefined,
      );
      stuck = await waited;
      clearTimeout(timer);
      sent += 1;
    }
    // No more than the system's buffers hold: some megabytes.
    expect(stuck).toBe(true);
    expect(sent).toBeLessThan(50);
    connection.destroy();
  });
});
