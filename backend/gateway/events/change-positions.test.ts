import { describe, expect, it, vi } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import { AppError } from '../../../shared/errors.ts';
import { eventsIn, type SocketFrame } from '../../../shared/events.ts';
import { type EventClient, openEvents } from '../../tests/running/event-client.ts';
import type { TestConversions } from '../../tests/test-conversions.ts';
import { startTestEventSockets, type TestEventSockets } from '../../tests/test-event-sockets.ts';

const owner = 'anna';
const pingSeconds = 0.1;

async function submit({ conversions }: TestConversions): Promise<Conversion> {
  return await conversions.owned.submitFile(owner, {
    fileName: 'a.mp4',
    path: '/a.mp4',
    bytes: 1,
    options: { format: 'mp3' },
  });
}

async function open({ url, token }: TestEventSockets, since?: string): Promise<EventClient> {
  const client = await openEvents(url, { token: token(owner), ...(since === undefined ? {} : { since }) });
  await client.hello;
  return client;
}

/** Waits for two more positions, of which at least the second was read from now on. */
async function nextPosition(client: EventClient): Promise<string> {
  const before = client.frames.length;
  return await client.until('two positions', (frames) => {
    const [, second] = frames.slice(before).filter((frame) => frame.type === 'at');
    return second?.at;
  });
}

/** How often each conversion was told of, and in which state last. */
function conversionsIn(frames: readonly SocketFrame[], id: string): readonly string[] {
  return frames
    .flatMap(eventsIn)
    .flatMap((event) => (event.type === 'conversion' && event.conversion.id === id ? [event.conversion.state] : []));
}

describe('the position that comes with a ping', () => {
  it('spares a client that heard hundreds of changes a list, and tells it of what was removed while it was away', async () => {
    await using stand = await startTestEventSockets({ pingSeconds });
    const { test } = stand;
    const client = await open(stand);
    const first = await submit(test);
    for (let index = 0; index < 510; index++) {
      const { id } = await submit(test);
      await test.conversions.owned.cancel(owner, id);
      await test.conversions.owned.remove(owner, id);
    }
    const since = await nextPosition(client);
    await client[Symbol.asyncDispose]();
    await test.conversions.owned.remove(owner, first.id);
    const another = await open(stand, since);
    expect(await another.hello).toMatchObject({ removed: [first.id], truncated: false });
    await another[Symbol.asyncDispose]();
  });

  it('comes after the changes before it, even if their events were lost', async () => {
    await using stand = await startTestEventSockets({ pingSeconds });
    const { test } = stand;
    const [kept, removed] = [await submit(test), await submit(test)];
    await using client = await open(stand);
    test.line.cut();
    await test.conversions.owned.cancel(owner, kept.id);
    await test.conversions.owned.remove(owner, removed.id);
    const made = await submit(test);
    const at = await nextPosition(client);
    const index = client.frames.findIndex((frame) => frame.type === 'at' && frame.at === at);
    const before = client.frames.slice(1, index);
    expect(conversionsIn(before, kept.id)).toEqual(['cancelled']);
    expect(conversionsIn(before, made.id)).toEqual(['queued']);
    expect(before.filter((frame) => frame.type === 'removed')).toEqual([{ type: 'removed', ids: [removed.id] }]);
    // The next ones have nothing to repair.
    await nextPosition(client);
    expect(client.frames.slice(index).filter((frame) => frame.type !== 'at')).toEqual([]);
  });

  it('comes before the events that happen while it is read', async () => {
    await using stand = await startTestEventSockets({ pingSeconds });
    const { test } = stand;
    await using client = await open(stand);
    const { id } = await submit(test);
    await nextPosition(client);
    const { changesAfter } = test.store;
    const [reading, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    vi.spyOn(test.store, 'changesAfter').mockImplementationOnce(async (query) => {
      const changes = await changesAfter(query);
      reading.resolve();
      await goOn.promise;
      return changes;
    });
    await reading.promise;
    const { length } = client.frames;
    await test.conversions.owned.cancel(owner, id);
    goOn.resolve();
    await client.until('the event', (frames) => conversionsIn(frames.slice(length), id).length > 0);
    expect(client.frames.slice(length, length + 2).map(({ type }) => type)).toEqual(['at', 'conversion']);
  });

  it('is left out while the store is away, and the events go on', async () => {
    await using stand = await startTestEventSockets({ pingSeconds });
    const { test } = stand;
    await using client = await open(stand);
    const asked = Promise.withResolvers<void>();
    const away = vi.spyOn(test.store, 'changesAfter').mockImplementation(() => {
      asked.resolve();
      return Promise.reject(new AppError('unavailable', 'The database cannot be reached.'));
    });
    await asked.promise;
    const { id } = await submit(test);
    await client.until('the event', (frames) => conversionsIn(frames, id).length > 0);
    away.mockRestore();
    await nextPosition(client);
    expect(client.frames.filter(({ type }) => type === 'hello')).toHaveLength(1);
  });

  it('gives way to a hello if the store no longer knows what happened since the last one', async () => {
    await using stand = await startTestEventSockets({ pingSeconds });
    await using client = await open(stand);
    vi.spyOn(stand.test.store, 'changesAfter').mockResolvedValueOnce(undefined);
    await client.until('a second hello', (frames) => frames.filter(({ type }) => type === 'hello').length === 2);
    await nextPosition(client);
  });
});
