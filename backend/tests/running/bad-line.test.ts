import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBadLine } from './bad-line.ts';

const server = createServer((request, response) => {
  buffer(request).then(
    (body) => response.end(`${body.byteLength} bytes`),
    () => response.destroy(),
  );
});
const target = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

async function send(url: string, bytes: number): Promise<string> {
  const answer = await fetch(url, { method: 'POST', body: Buffer.alloc(bytes) });
  return await answer.text();
}

it('carries requests and answers, and counts them', async () => {
  await using line = await openBadLine({ target });
  expect(await send(line.url, 300_000)).toBe('300000 bytes');
  expect(line.sentBytes).toBeGreaterThan(300_000);
  expect(line.connections).toBe(1);
});

it('is as slow as requested', async () => {
  await using line = await openBadLine({ target, bytesPerSecond: 1_000_000, delayMilliseconds: 50 });
  const began = performance.now();
  expect(await send(line.url, 200_000)).toBe('200000 bytes');
  expect(performance.now() - began).toBeGreaterThan(280);
});

it('resets connections at the requested byte, and the server never sees a clean end', async () => {
  await using line = await openBadLine({ target, resetAfterBytes: () => 100_000 });
  await expect(send(line.url, 300_000)).rejects.toThrow('fetch failed');
  expect(line.sentBytes).toBe(100_000);
});

it('holds each connection after the requested number of bytes until it is released', async () => {
  await using line = await openBadLine({ target });
  line.hold(100_000);
  let isAnswered = false;
  const sending = send(line.url, 3_000_000).finally(() => void (isAnswered = true));
  await expect.poll(() => line.sentBytes).toBeGreaterThanOrEqual(100_000);
  expect(await send(line.url, 1)).toBe('1 bytes');
  const held = line.sentBytes;
  expect(held).toBeLessThan(300_000);
  await delay(200);
  expect([line.sentBytes, isAnswered]).toEqual([held, false]);
  line.release();
  expect(await sending).toBe('3000000 bytes');
});

it('can be down, and can lose every answer', async () => {
  await using line = await openBadLine({ target });
  line.down = true;
  await expect(send(line.url, 1)).rejects.toThrow('fetch failed');
  line.down = false;
  line.deaf = true;
  const sending = send(line.url, 1);
  await expect.poll(() => line.sentBytes).toBeGreaterThan(0);
  line.cut();
  await expect(sending).rejects.toThrow('fetch failed');
});
