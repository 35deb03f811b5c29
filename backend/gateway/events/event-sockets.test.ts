import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { problemSchema } from '../../../shared/api.ts';
import { AppError } from '../../../shared/errors.ts';
import type { SocketFrame } from '../../../shared/events.ts';
import { openRaw, sendRaw } from '../../tests/raw-request.ts';
import { type EventClient, type EventClientOptions, openEvents } from '../../tests/running/event-client.ts';
import { waitUntil } from '../../tests/running/wait-until.ts';
import { startTestEventSockets, type TestEventSockets } from '../../tests/test-event-sockets.ts';
import type { SocketLimits } from './socket-limits.ts';

let stand: TestEventSockets;
const clients: EventClient[] = [];

async function start(limits: Partial<SocketLimits> = {}): Promise<void> {
  await stand?.[Symbol.asyncDispose]();
  stand = await startTestEventSockets(limits);
}
beforeEach(() => start());
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
  await stand[Symbol.asyncDispose]();
});

async function open(options?: EventClientOptions): Promise<EventClient> {
  const client = await openEvents(stand.url, options);
  clients.push(client);
  return client;
}

const intake = { fileName: 'talk.mp4', path: '/talk.mp4', bytes: 1000, options: { format: 'mp3' } as const };
const submit = (owner: string) => stand.test.conversions.owned.submitFile(owner, intake);

describe('a gap in the events that the server received', () => {
  const kinds = (client: EventClient) => client.frames.map(({ type }) => type);

  it('leads to a new hello from the client’s change position, without a reconnect', async () => {
    const { owned } = stand.test.conversions;
    const [removed, cancelled] = [await submit('anna'), await submit('anna')];
    const client = await open({ token: stand.token('anna') });
    const { at } = await client.hello;
    stand.test.line.cut();
    await owned.remove('anna', removed.id);
    await owned.cancel('anna', cancelled.id);
    const made = await submit('anna');
    await stand.publish('anna', { type: 'read', ids: ['lost'] });
    await stand.test.line.mend();
    const hello = await client.until('another hello', (frames) => frames.at(1));
    expect(hello).toMatchObject({ type: 'hello', removed: [removed.id], truncated: false });
    if (hello.type !== 'hello') return;
    expect(hello.at).not.toBe(at);
    expect(hello.conversions).toHaveLength(2);
    expect(hello.conversions).toContainEqual(expect.objectContaining({ id: cancelled.id, state: 'cancelled' }));
    expect(hello.conversions).toContainEqual(expect.objectContaining({ id: made.id, state: 'queued' }));

    await stand.publish('anna', { type: 'read', ids: ['later'] });
    await client.until('the next event', (frames) => frames.at(2)?.type === 'read');
    expect(kinds(client)).toEqual(['hello', 'hello', 'read']);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('leads to a hello that starts at the previous one and comes before newer events', async () => {
    const gate = { open: () => {}, isShut: false };
    await stand[Symbol.asyncDispose]();
    stand = await startTestEventSockets(
      {},
      {
        pause: () => (gate.isShut ? new Promise<void>((resolve) => void (gate.open = resolve)) : Promise.resolve()),
      },
    );
    const client = await open({ token: stand.token('anna') });
    await client.hello;
    const { id } = await submit('anna');
    await client.until('its event', (frames) => frames.at(1));
    gate.isShut = true;
    stand.test.line.cut();
    await stand.test.line.mend();
    await stand.publish('anna', { type: 'read', ids: ['meanwhile'] });
    // Another gap while the hello is being prepared.
    stand.test.line.cut();
    await stand.test.line.mend();
    expect(kinds(client)).toEqual(['hello', 'conversion']);
    gate.isShut = false;
    gate.open();
    await client.until('all frames', (frames) => frames.at(-1)?.type === 'read');
    expect(kinds(client)).toEqual(['hello', 'conversion', 'hello', 'hello', 'read']);
    expect(client.frames[2]).toMatchObject({ conversions: [{ id }] });
  });

  it('closes the socket with 1013 if the changes cannot be read', async () => {
    const client = await open({ token: stand.token('anna') });
    await client.hello;
    stand.test.line.cut();
    stand.test.store.changes = () => Promise.reject(new AppError('unavailable', 'The store is unavailable.'));
    await stand.test.line.mend();
    expect(await client.ended).toMatchObject({ code: 1013 });
  });
});

/** A valid WebSocket request, changed by `given`. */
function handshake(given: Readonly<Record<string, string | undefined>> = {}, path = '/api/v1/events'): string {
  const headers = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    ...given,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

describe('signing in', () => {
  it.each([
    ['with a header', false],
    ['in the first message', true],
  ])('works %s, and first sends the current state', async (_what, inMessage) => {
    const conversion = await submit('anna');
    await submit('bert');
    const client = await open({ token: stand.token('anna'), inMessage });
    expect(await client.hello).toEqual({
      type: 'hello',
      conversions: [conversion],
      removed: [],
      notifications: [],
      at: expect.any(String),
      truncated: false,
    });
  });

  it.each([
    ['with a header', false],
    ['in the first message', true],
  ])('%s, a client sends its change position and receives what it missed', async (_what, inMessage) => {
    const { id } = await submit('anna');
    const token = stand.token('anna');
    const { at } = await (await open({ token })).hello;
    await stand.test.conversions.owned.remove('anna', id);
    expect(await (await open({ token, inMessage, since: at })).hello).toMatchObject({
      removed: [id],
      truncated: false,
    });
    expect(await (await open({ token, inMessage, since: 'x' })).hello).toMatchObject({ removed: [], truncated: true });
    expect(await (await open({ token, inMessage })).hello).toMatchObject({ removed: [], truncated: false });
  });

  it('in a message can be combined with a change position in the query', async () => {
    const { at } = await (await open({ token: stand.token('anna') })).hello;
    const { id } = await submit('anna');
    await stand.test.conversions.owned.remove('anna', id);
    const client = await open({ since: at });
    client.socket.send(JSON.stringify({ type: 'auth', token: stand.token('anna') }));
    expect(await client.hello).toMatchObject({ removed: [id] });
  });

  it('fails with 401 for a bad token in the header', async () => {
    const expired = stand.token('anna', -1);
    for (const authorization of ['Bearer nonsense', `Bearer ${expired}`, 'Basic YTpi', 'Bearer ', 'x']) {
      const answer = await sendRaw(stand.url, handshake({ Authorization: authorization }));
      expect(answer).toMatch(/^HTTP\/1\.1 401 /);
      expect(answer).toMatch(/\r\nWWW-Authenticate: Bearer realm="Soundlift", error="invalid_token"\r\n/);
      expect(answer).toMatch(/\r\nContent-Type: application\/problem\+json\r\n/);
      expect(problemSchema.parse(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).code).toBe('unauthorized');
    }
  });

  it('fails with 4401 for a bad token in the first message', async () => {
    const client = await open({ token: 'nonsense', inMessage: true });
    expect(await client.ended).toMatchObject({ code: 4401 });
    expect(client.frames).toEqual([]);
  });

  it('fails with 1013 while auth is unavailable', async () => {
    const token = stand.token('anna');
    stand.auth.isAway = true;
    await expect(open({ token })).rejects.toThrow(/^503 /);
    expect(await (await open({ token, inMessage: true })).ended).toMatchObject({ code: 1013 });
  });

  it('accepts no token in the URL', async () => {
    const token = stand.token('anna');
    for (const name of ['token', 'access_token', 'authorization']) {
      const raw = await openRaw(stand.url);
      await raw.send(handshake({}, `/api/v1/events?${name}=${token}`));
      await raw.until(/ 101 /);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(raw.received()).not.toContain('hello');
      raw.destroy();
    }
    expect(stand.asked.count).toBe(0);
  });

  it('never echoes a protocol that a client offers, which may be its token', async () => {
    for (const offer of ['bearer, secret-token', 'bearer,,', '"']) {
      const raw = await openRaw(stand.url);
      await raw.send(handshake({ 'Sec-WebSocket-Protocol': offer }));
      const answer = await raw.until(/\r\n\r\n/);
      expect(answer).toMatch(/^HTTP\/1\.1 101 /);
      expect(answer).not.toMatch(/sec-websocket-protocol|secret/i);
      raw.destroy();
    }
  });

  it('never uses compression', async () => {
    const raw = await openRaw(stand.url);
    await raw.send(handshake({ 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }));
    expect(await raw.until(/\r\n\r\n/)).not.toMatch(/extensions/i);
    raw.destroy();
  });
});

describe('a request', () => {
  it.each([
    ['without an upgrade', { Connection: 'close', Upgrade: undefined }, 400],
    ['for another protocol', { Connection: 'Upgrade, close', Upgrade: 'h2c' }, 400],
    ['without a key', { 'Sec-WebSocket-Key': undefined }, 400],
    ['with a malformed key', { 'Sec-WebSocket-Key': 'abc' }, 400],
    ['for another version', { 'Sec-WebSocket-Version': '7' }, 400],
    ['from a page of another origin', { Origin: 'https://evil.example' }, 403],
    ['from a sandboxed page', { Origin: 'null' }, 403],
    ['for another host', { Host: 'evil.example' }, 403],
    ['with two hosts', { host: 'localhost' }, 400],
  ])('%s is refused with a problem', async (_what, headers, status) => {
    const answer = await sendRaw(stand.url, handshake({ Authorization: `Bearer ${stand.token('anna')}`, ...headers }));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(problemSchema.parse(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).status).toBe(status);
  });

  it('from a page of the same origin is accepted', async () => {
    const origin = stand.url;
    const client = await open({ token: stand.token('anna'), headers: { Origin: origin } });
    expect(await client.hello).toMatchObject({ truncated: false });
  });

  it.each([
    ['two change positions', '/api/v1/events?since=a&since=b', 422],
    ['a change position that is too long', `/api/v1/events?since=${'x'.repeat(300)}`, 422],
    ['another path', '/api/v1/event', 404],
  ])('that names %s is refused', async (_what, path, status) => {
    expect(await sendRaw(stand.url, handshake({}, path))).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});

describe('a message', () => {
  const cases: readonly (readonly [string, string | Buffer, number])[] = [
    ['that is not JSON', 'hello?', 1008],
    ['of the wrong type', '{"type":"hello"}', 1008],
    ['with an unknown field', '{"type":"auth","token":"a","admin":true}', 1008],
    ['that is null', 'null', 1008],
    ['of many brackets', '['.repeat(10_000), 1008],
    ['that is empty', '', 1008],
    ['in binary', Buffer.from('{"type":"auth","token":"a"}'), 1003],
    ['of more than 16 KB', 'x'.repeat(17 * 1024), 1009],
    ['of 1 MB', 'x'.repeat(1_000_000), 1009],
  ];
  it.each(cases)('%s closes that socket and no other', async (_what, message, code) => {
    const other = await open({ token: stand.token('anna') });
    await other.hello;
    const client = await open();
    client.socket.send(message);
    expect(await client.ended).toMatchObject({ code });
    expect(client.frames).toEqual([]);
    const { id } = await submit('anna');
    await other.until('the event', (frames) => frames.some((frame) => JSON.stringify(frame).includes(id)));
  });

  it.each([
    ['while its token is checked', true],
    ['after its hello', false],
  ])('that is not expected closes the socket: %s', async (_what, inMessage) => {
    const client = await open({ token: stand.token('anna'), inMessage });
    if (!inMessage) await client.hello;
    client.socket.send(JSON.stringify({ type: 'auth', token: stand.token('anna') }));
    expect(await client.ended).toMatchObject({ code: 1008 });
  });

  it('of 64 MB is not held in memory', async () => {
    const raw = await openRaw(stand.url);
    await raw.send(handshake());
    await raw.until(/\r\n\r\n/);
    const before = process.memoryUsage();
    const head = Buffer.alloc(14);
    head.writeUInt8(0x81, 0);
    head.writeUInt8(0x80 | 127, 1);
    head.writeBigUInt64BE(64n * 1024n * 1024n, 2);
    await raw.send(head);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    for (let sent = 0; sent < 1024; sent++) await raw.send(chunk).catch(() => undefined);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16_000_000);
    await waitUntil('it is closed', () => stand.closed().some(({ code }) => code === 1009 || code === 1006));
    raw.destroy();
  });

  it.each([
    ['bytes that are not a frame', Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(20))],
    ['a frame that is not masked', Buffer.from([0x81, 0x02, 0x61, 0x62])],
    ['text that is not UTF-8', Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28])],
    ['a control frame that is too long', Buffer.from([0x89, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0])],
  ])('cannot be made of %s', async (_what, bytes) => {
    const raw = await openRaw(stand.url);
    await raw.send(handshake());
    await raw.until(/\r\n\r\n/);
    await raw.send(bytes);
    await waitUntil('it is closed', () => stand.closed().length === 1);
    expect(await (await open({ token: stand.token('anna') })).hello).toMatchObject({ truncated: false });
    raw.destroy();
  });
});

describe('a client that does not sign in', () => {
  it('is disconnected after the time limit', async () => {
    await start({ signInSeconds: 0.2 });
    const [silent, cut] = [await open(), await open()];
    cut.socket.terminate();
    expect(await silent.ended).toMatchObject({ code: 1008 });
    await waitUntil('both are closed', () => stand.closed().length === 2);
  });

  it('counts towards a limit, which clients with a header do not need to wait for', async () => {
    await start({ maxSigningInOfClient: 3 });
    const waiting = [await open(), await open(), await open()];
    await expect(open()).rejects.toThrow(/^429 /);
    const known = await open({ token: stand.token('anna') });
    await known.hello;
    waiting[0]?.socket.send(JSON.stringify({ type: 'auth', token: stand.token('anna') }));
    await waiting[0]?.hello;
    const next = await open();
    await expect(open()).rejects.toThrow(/^429 /);
    next.socket.terminate();
    await waitUntil('it is disconnected', () => stand.closed().length === 1);
    await open();
  });
});

describe('a socket', () => {
  it("carries its own account's events, and no other's", async () => {
    const [anna, bert] = [await open({ token: stand.token('anna') }), await open({ token: stand.token('bert') })];
    await Promise.all([anna.hello, bert.hello]);
    const { id } = await submit('anna');
    await stand.test.conversions.owned.remove('anna', id);
    const { id: other } = await submit('bert');
    const removed = await anna.until('the removal', (frames) => frames.find(({ type }) => type === 'removed'));
    expect(removed).toEqual({ type: 'removed', ids: [id] });
    await bert.until('its own', (frames) => frames.some((frame) => JSON.stringify(frame).includes(other)));
    expect(JSON.stringify(bert.frames)).not.toContain(id);
    expect(JSON.stringify(anna.frames)).not.toContain(other);
  });

  it('carries no state of a conversion that is older than what the client was told, however late it comes', async () => {
    const { owned } = stand.test.conversions;
    const known = await submit('anna');
    const client = await open({ token: stand.token('anna') });
    await client.hello;
    const { id } = await submit('anna');
    await owned.cancel('anna', id);
    const isCancelled = (frame: SocketFrame): boolean =>
      frame.type === 'conversion' && frame.conversion.state === 'cancelled';
    const cancelled = await client.until('the cancel', (frames) => frames.find(isCancelled));
    if (cancelled.type !== 'conversion') return;
    const { revision } = cancelled.conversion;
    await stand.publish('anna', {
      type: 'conversion',
      conversion: { ...cancelled.conversion, revision: revision - 1, state: 'queued' },
    });
    await stand.publish('anna', {
      type: 'conversion',
      conversion: { ...known, revision: known.revision - 1, fileName: 'older' },
    });
    await stand.publish('anna', { type: 'read', ids: ['last'] });
    await client.until('the last event', (frames) => frames.some(({ type }) => type === 'read'));
    expect(client.frames.at(-2)).toEqual(cancelled);
    expect(JSON.stringify(client.frames)).not.toContain('older');
  });

  it('also sends events that happen while its first frame is prepared', async () => {
    const made: string[] = [];
    const opening = Promise.all(Array.from({ length: 20 }, () => open({ token: stand.token('anna') })));
    for (let index = 0; index < 40; index++) {
      made.push((await submit('anna')).id);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const client of await opening) {
      await client.until('all are known', (frames) => {
        const text = JSON.stringify(frames);
        return made.every((id) => text.includes(id));
      });
    }
  });

  it('is closed with 4401 when its token expires', async () => {
    await start({ pingSeconds: 7200 });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    const client = await open({ token: stand.token('anna', 3600) });
    await client.hello;
    vi.advanceTimersByTime(3_599_000);
    await stand.publish('anna', { type: 'read', ids: ['still open'] });
    await client.until('the event', (frames) => frames.at(1));
    vi.advanceTimersByTime(1000);
    expect(await client.ended).toMatchObject({ code: 4401 });
  });

  it('stays open until its token expires, even if the clock jumps', async () => {
    await start({ pingSeconds: 7200 });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    const ahead = await open({ token: stand.token('anna', 3600) });
    await ahead.hello;
    vi.setSystemTime(Date.now() + 7200_000);
    vi.advanceTimersByTime(3_599_000);
    await stand.publish('anna', { type: 'read', ids: ['still open'] });
    await ahead.until('the event', (frames) => frames.at(1));
    vi.setSystemTime(Date.now() - 7200_000);
    vi.advanceTimersByTime(1000);
    expect(await ahead.ended).toMatchObject({ code: 4401 });
  });

  it('stays open with a token of ten years', async () => {
    const client = await open({ token: stand.token('anna', 10 * 365 * 86_400) });
    await client.hello;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('is closed with 4401 soon after its session or its account was removed', async () => {
    await start({ pingSeconds: 0.2 });
    const [token, other] = [stand.token('anna'), stand.token('anna')];
    const [client, kept] = [await open({ token }), await open({ token: other })];
    await Promise.all([client.hello, kept.hello]);
    stand.revoke(token);
    expect(await client.ended).toMatchObject({ code: 4401 });
    expect(kept.socket.readyState).toBe(kept.socket.OPEN);
  });

  it('stays open while auth is unavailable', async () => {
    await start({ pingSeconds: 0.1 });
    const client = await open({ token: stand.token('anna') });
    await client.hello;
    stand.auth.isAway = true;
    const { count } = stand.asked;
    await waitUntil('the token is checked again', () => stand.asked.count >= count + 3);
    const { id } = await submit('anna');
    await client.until('the event', (frames) => frames.some((frame) => JSON.stringify(frame).includes(id)));
  });

  it('is cut off only if the client does not answer pings', async () => {
    await start({ pingSeconds: 0.2 });
    const client = await open({ token: stand.token('anna') });
    const raw = await openRaw(stand.url);
    await raw.send(handshake({ Authorization: `Bearer ${stand.token('anna')}` }));
    await raw.closed;
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    let pings = 0;
    client.socket.on('ping', () => {
      pings += 1;
    });
    await waitUntil('more pings', () => pings >= 3);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('survives a pause of the server, during which it cannot read answers to pings', async () => {
    await start({ pingSeconds: 0.1 });
    const client = await open({ token: stand.token('anna') });
    await client.hello;
    let pings = 0;
    client.socket.on('ping', () => {
      pings += 1;
    });
    await waitUntil('pings', () => pings > 1);
    for (let pause = 0; pause < 3; pause++) {
      // Blocks both sides, like a computer that sleeps.
      const until = performance.now() + 300;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const { id } = await submit('anna');
    await client.until('the event', (frames) => frames.some((frame) => JSON.stringify(frame).includes(id)));
  });

  it('survives that the server stops after each ping for longer than until the next', async () => {
    await start({ pingSeconds: 0.1 });
    const client = await open({ token: stand.token('anna') });
    await client.hello;
    let pings = 0;
    const { ping } = WebSocket.prototype;
    vi.spyOn(WebSocket.prototype, 'ping').mockImplementation(function (this: WebSocket) {
      ping.call(this);
      pings += 1;
      const until = performance.now() + 120;
      while (performance.now() < until);
    });
    await waitUntil('pings', () => pings >= 10 || client.socket.readyState !== client.socket.OPEN);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('is closed with 1001 when the server shuts down, which does not take long', async () => {
    const clients = [await open({ token: stand.token('anna') }), await open()];
    const raw = await openRaw(stand.url);
    await raw.send(handshake({ Authorization: `Bearer ${stand.token('anna')}` }));
    await raw.until(/hello/);
    const began = performance.now();
    await stand.close();
    expect(performance.now() - began).toBeLessThan(8000);
    for (const client of clients) expect(await client.ended).toMatchObject({ code: 1001 });
    await raw.closed;
  });
});
