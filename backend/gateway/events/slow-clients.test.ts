import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressEvent, ServerEvent } from '../../../shared/events.ts';
import { type EventClient, openEvents } from '../../tests/running/event-client.ts';
import { waitUntil } from '../../tests/running/wait-until.ts';
import { startTestEventSockets, type TestEventSockets } from '../../tests/test-event-sockets.ts';

let stand: TestEventSockets;
let quick: EventClient;
let slow: SlowClient;
beforeEach(async () => {
  stand = await startTestEventSockets();
  quick = await openEvents(stand.url, { token: stand.token('anna') });
  slow = await openSlow();
  await quick.hello;
});
afterEach(async () => {
  slow.socket.destroy();
  await quick[Symbol.asyncDispose]();
  await stand[Symbol.asyncDispose]();
});

/** A client that stops reading after its hello, until `read` is called. */
interface SlowClient {
  readonly socket: Socket;
  /** Reads until `pattern` has arrived or the connection has closed, and returns the text. */
  read(pattern: RegExp): Promise<string>;
}

async function openSlow(): Promise<SlowClient> {
  const socket = connect(Number(new URL(stand.url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += String(chunk);
  });
  socket.on('error', () => undefined);
  async function read(pattern: RegExp): Promise<string> {
    socket.resume();
    return await waitUntil(`${pattern} arrives`, () => (pattern.test(text) || socket.closed ? text : undefined));
  }
  const lines = [
    'GET /api/v1/events HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    `Authorization: Bearer ${stand.token('anna')}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  await read(/hello.*\}/);
  socket.pause();
  return { socket, read };
}

/** 50 KB. */
function large(name: string): ServerEvent {
  return { type: 'removed', ids: [name, ...Array.from({ length: 1250 }, () => '0'.repeat(37))] };
}

/**
 * Publishes until more than `bytes` wait in this process for the slow client. The system's own buffers are filled first
 * and take some megabytes.
 */
async function fill(bytes: number): Promise<number> {
  for (let count = 0; count < 2000; count++) {
    if (stand.queuedBytes() > bytes) return count;
    await stand.publish('anna', large(`large-${count}`));
    // Wait for the fast client, which would otherwise become slow too.
    await quick.until('the event', (frames) => frames.length >= count + 2);
  }
  throw new Error('the slow client still accepts everything');
}

function progress(fraction: number): ProgressEvent {
  return { type: 'progress', id: 'talk', revision: 3, progress: fraction, speed: 30 };
}

describe('a client that reads slowly', () => {
  it('misses progress events only', async () => {
    const count = await fill(70_000);
    const before = stand.queuedBytes();
    for (let index = 0; index < 1000; index++) await stand.publish('anna', progress(index / 1000));
    expect(stand.queuedBytes()).toBe(before);
    await stand.publish('anna', { type: 'read', ids: ['the end'] });
    await quick.until('the end', (frames) => frames.at(-1)?.type === 'read');
    expect(quick.frames.filter(({ type }) => type === 'progress')).toHaveLength(1000);

    const text = await slow.read(/the end/);
    expect(text).not.toContain('"progress"');
    for (let index = 0; index < count; index++) expect(text).toContain(`"large-${index}"`);
    await stand.publish('anna', progress(1));
    expect(await slow.read(/"progress":1,/)).toContain('"speed":30');
  });

  it('is cut off when more than 1 MB waits for it, and no other client is', async () => {
    await fill(900_000);
    expect(stand.closed()).toEqual([]);
    let most = 0;
    for (let index = 0; index < 20; index++) {
      await stand.publish('anna', large(`more-${index}`));
      most = Math.max(most, stand.queuedBytes());
    }
    expect(most).toBeLessThanOrEqual(1_000_000);
    await waitUntil('it is cut off', () => stand.closed().some(({ code }) => code === 1006));
    await quick.until('all events', (frames) => JSON.stringify(frames.at(-1)).includes('more-19'));
    expect(quick.socket.readyState).toBe(quick.socket.OPEN);
    await slow.read(/never/);
  });
});

describe('a first frame', () => {
  it('that would be too large tells the client to list instead', async () => {
    const intake = { fileName: `${'x'.repeat(4000)}.mp4`, path: '/a', bytes: 1, options: { format: 'mp3' } as const };
    for (let index = 0; index < 130; index++) await stand.test.conversions.owned.submitFile('anna', intake);
    await using client = await openEvents(stand.url, { token: stand.token('anna') });
    const { at, ...hello } = await client.hello;
    expect(hello).toEqual({ type: 'hello', conversions: [], removed: [], notifications: [], truncated: true });
    await using again = await openEvents(stand.url, { token: stand.token('bert'), since: at });
    expect(await again.hello).toMatchObject({ truncated: false });
  });
});
