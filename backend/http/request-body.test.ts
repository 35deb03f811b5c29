import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { openRaw, type RawConnection } from '../tests/raw-request.ts';
import { type BodySink, readBody } from './request-body.ts';

afterEach(() => void vi.useRealTimers());

interface Reading extends AsyncDisposable {
  readonly connection: RawConnection;
  readonly request: IncomingMessage;
  /** The outcome of `readBody`; undefined while it is pending. */
  outcome(): string | undefined;
}

/** A server that reads the body of one request with `sink` and then answers. Its request has been sent as far as `begin`. */
async function read(begin: string, sink: BodySink, signal?: AbortSignal): Promise<Reading> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connection = await openRaw(`http://127.0.0.1:${port}`);
  const requested = once(server, 'request');
  await connection.send(`POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${begin}`);
  const [request, response] = (await requested) as [IncomingMessage, ServerResponse];
  let outcome: string | undefined;
  const options = { idleSeconds: 60, totalSeconds: 90, ...(signal === undefined ? {} : { signal }) };
  readBody(request, response, sink, options).then(
    () => {
      outcome = 'read';
      response.end('read');
    },
    (error: unknown) => {
      outcome = error instanceof Error ? error.message : String(error);
      response.end(outcome);
    },
  );
  return {
    connection,
    request,
    outcome: () => outcome,
    async [Symbol.asyncDispose]() {
      connection.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * Sends a body of two chunks. The sink keeps the client waiting at the first one until the whole body has arrived, then waits for
 * `last` at the second one. Returns when the request has ended and closed.
 */
async function readUntilEnd(last: Promise<void>, signal?: AbortSignal): Promise<Reading> {
  const first = Promise.withResolvers<void>();
  const waits = [first.promise, last];
  const chunks: string[] = [];
  const sink: BodySink = (chunk) => {
    chunks.push(Buffer.from(chunk).toString());
    return waits.shift();
  };
  const reading = await read('Content-Length: 9\r\n\r\nfirst', sink, signal);
  const closed = once(reading.request, 'close');
  await expect.poll(() => chunks).toEqual(['first']);
  await reading.connection.send('last');
  await expect.poll(() => reading.request.complete).toBe(true);
  first.resolve();
  await closed;
  expect(chunks).toEqual(['first', 'last']);
  await nextTurn();
  return reading;
}

it('a body is not read before the sink has taken its last chunk', async () => {
  const last = Promise.withResolvers<void>();
  await using reading = await readUntilEnd(last.promise);
  expect(reading.outcome()).toBeUndefined();
  last.resolve();
  expect(await reading.connection.closed).toMatch(/^HTTP\/1\.1 200 .*read$/s);
});

it('a body is refused with what the sink throws after its end', async () => {
  const last = Promise.withResolvers<void>();
  await using reading = await readUntilEnd(last.promise);
  last.reject(new Error('no room'));
  expect(await reading.connection.closed).toMatch(/no room$/);
});

it('a body is refused with the reason of a signal that fires after its end', async () => {
  const stop = new AbortController();
  await using reading = await readUntilEnd(new Promise(() => undefined), stop.signal);
  stop.abort(new Error('gone'));
  expect(await reading.connection.closed).toMatch(/gone$/);
});

it('a client that disconnects before the end of its body cuts it off', async () => {
  await using reading = await read('Content-Length: 9\r\n\r\nfirst', () => undefined);
  reading.connection.destroy();
  await expect.poll(reading.outcome).toBe('The request was cut off.');
});

it('a body that keeps coming, but too slowly, is given up', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let bytes = 0;
  await using reading = await read('Content-Length: 99\r\n\r\n', (chunk) => {
    bytes += chunk.byteLength;
    return undefined;
  });
  for (const sent of [1, 2]) {
    await reading.connection.send('x');
    while (bytes < sent) await nextTurn();
    expect(reading.outcome()).toBeUndefined();
    vi.advanceTimersByTime(45_000);
  }
  expect(await reading.connection.closed).toMatch(/took too long to arrive\.$/);
});
