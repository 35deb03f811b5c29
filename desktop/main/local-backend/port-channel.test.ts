import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import type { LocalChannel } from '../../../shared/local-channel.ts';
import { type CopyingChannel, openCopyingChannel } from '../../tests/copying-channel.ts';
import type { ChannelPort } from './channel-messages.ts';
import { openPortChannel, type PortChannel } from './port-channel.ts';
import { serveChannel } from './serve-channel.ts';

const options = { format: 'mp3' } as const;
let folder: string;
let source: string;
let served: CopyingChannel;
let ports: { readonly near: MessagePort; readonly far: MessagePort };
let defects: unknown[];
let ends: number;
let places: number[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-port-'));
  source = join(folder, 'talk.mp4');
  await writeFile(source, 'sound');
  served = await openCopyingChannel();
  const { port1: near, port2: far } = new MessageChannel();
  ports = { near, far };
  defects = [];
  ends = 0;
  places = [];
});
afterEach(async () => {
  ports.near.close();
  await served[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function toChannelPort(port: MessagePort): ChannelPort {
  return {
    post: (message) => port.postMessage(message),
    listen: (onMessage, onClose) => void port.on('message', onMessage).on('close', onClose),
    close: () => port.close(),
  };
}

function serve(channel: LocalChannel = served): PortChannel {
  const onEnd = (): void => void (ends += 1);
  const onPlaces = (wanted: number): void => void places.push(wanted);
  const onDefect = (error: unknown): void => void defects.push(error);
  serveChannel({ channel, port: toChannelPort(ports.far), onPlaces, onEnd, onDefect });
  return openPortChannel(toChannelPort(ports.near));
}

describe('a channel over a port', () => {
  it('behaves like the channel itself', async () => {
    const channel = serve();
    const states: string[] = [];
    const unsubscribe = channel.subscribe((event) => {
      if (event.type === 'conversion') states.push(event.conversion.state);
    });
    const { id } = await channel.submit({ id: 'a', path: source, fileName: 'talk.mp4', options });
    await expect.poll(async () => (await channel.get(id)).state).toBe('done');
    expect(await channel.result(id)).toEqual(await served.result(id));
    expect(states).toEqual(['queued', 'converting', 'done']);
    unsubscribe();
    await channel.retry(id, { format: 'mp3', quality: 4 });
    await channel.cancel(id);
    await channel.clear();
    await channel.markRead(['a']);
    expect(await channel.notifications()).toEqual([]);
    expect(states).toHaveLength(3);
    expect(served.conversions.size).toBe(0);
    await expect(channel.remove(id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('passes on an AppError with its code, message and details, but without its cause', async () => {
    const details = { neededBytes: 5 };
    const cause = new Error('/home/somebody/secret');
    const get = () => Promise.reject(new AppError('disk_full', 'There is no space.', { cause, details }));
    const channel = serve({ ...served, get });
    const error: unknown = await channel.get('a').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'disk_full', message: 'There is no space.', details });
    expect(error).not.toHaveProperty('cause');
  });

  it('passes on an unknown code with its message', async () => {
    const channel = openPortChannel(toChannelPort(ports.near));
    ports.far.postMessage({ type: 'broken', failure: { code: 'too_hot', message: 'The computer is too hot.' } });
    await expect(channel.ready).rejects.toMatchObject({
      code: 'unknown',
      givenCode: 'too_hot',
      message: 'The computer is too hot.',
    });
  });

  it('reports any other error as internal, and logs it', async () => {
    const defect = new TypeError('/home/somebody is undefined');
    const channel = serve({ ...served, get: () => Promise.reject(defect) });
    const error: unknown = await channel.get('a').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'internal', message: expect.not.stringContaining('somebody') });
    expect(defects).toEqual([defect]);
  });

  it('passes on the reason why the backend could not start', async () => {
    const channel = openPortChannel(toChannelPort(ports.near));
    ports.far.postMessage({ type: 'broken', failure: { code: 'unavailable', message: 'There is no ffmpeg.' } });
    await expect(channel.ready).rejects.toMatchObject({ code: 'unavailable', message: 'There is no ffmpeg.' });
    await expect(channel.get('a')).rejects.toMatchObject({ message: 'There is no ffmpeg.' });
  });

  it('rejects calls in progress when a port closes, and both ends notice', async () => {
    const channel = serve({ ...served, get: () => new Promise(() => {}) });
    await channel.ready;
    const asking = channel.get('a');
    ports.near.close();
    await expect(asking).rejects.toMatchObject({ code: 'unavailable' });
    await expect(channel.get('a')).rejects.toMatchObject({ code: 'unavailable' });
    expect(channel.isGone()).toBe(true);
    await expect.poll(() => ends).toBe(1);
    expect(served.listeners()).toBe(0);
  });

  it('asks the other end to change the number of places', async () => {
    const channel = serve();
    channel.setPlaces(3);
    await expect.poll(() => places).toEqual([3]);
    channel.setPlaces(0);
    await expect.poll(() => defects).toHaveLength(1);
    expect(places).toEqual([3]);
  });

  it('asks the other end to end', async () => {
    const channel = serve();
    channel.end();
    await expect.poll(() => ends).toBe(1);
  });

  it('refuses an answer that does not fit the schema', async () => {
    const channel = openPortChannel(toChannelPort(ports.near));
    ports.far.postMessage({ type: 'ready' });
    ports.far.on('message', ({ number }: { readonly number: number }) => {
      ports.far.postMessage({ type: 'answer', number, value: { id: 5 } });
    });
    await expect(channel.get('a')).rejects.toMatchObject({ code: 'internal' });
  });

  it('ignores all other messages, at both ends', async () => {
    const channel = serve();
    await channel.ready;
    const heard: unknown[] = [];
    channel.subscribe((event) => void heard.push(event));
    // The channel numbers its calls from 1. A message with the number of a waiting call would answer it.
    const number = fc.integer({ max: 0 });
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({
        type: fc.constantFrom('call', 'answer', 'event', 'failure', 'broken'),
        number: fc.oneof(
          number,
          fc.jsonValue({ maxDepth: 1 }).filter((value) => typeof value !== 'number'),
        ),
      }),
      fc.record({
        type: fc.constant('call'),
        number,
        name: fc.constantFrom('submit', 'get', 'retry', 'markRead', '__proto__', 'constructor'),
        args: fc.array(fc.jsonValue()),
      }),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (message) => {
        ports.near.postMessage(message);
        ports.far.postMessage(message);
        await channel.notifications();
      }),
      { numRuns: 300 },
    );
    expect(heard).toEqual([]);
    expect(served.submissions).toEqual([]);
    expect(ends).toBe(0);
  });

  it('closes its port when it leaves, and refuses calls after that', async () => {
    const channel = serve();
    await channel.ready;
    channel.leave();
    await once(ports.far, 'close');
    await expect(channel.notifications()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
