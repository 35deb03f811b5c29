import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Conversion } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { ServerEvent } from '../../shared/events.ts';
import { followConversions } from './follow-conversions.ts';

const never = new AbortController().signal;

const revisions = { uploading: 0, queued: 1, converting: 2, done: 5, failed: 5, cancelled: 5 } as const;

function conversion(state: Conversion['state'], id = 'c1'): Conversion {
  const time = '2030-01-01T00:00:00.000Z';
  return {
    id,
    revision: revisions[state],
    state,
    batchId: 'ours',
    fileName: 'talk.mp4',
    sourceBytes: 1,
    progress: 0,
    attempt: 1,
    options: { format: 'mp3' },
    warnings: [],
    createdAt: time,
    updatedAt: time,
  };
}

/** A backend whose events and answers the test chooses. */
function open(answer: () => Conversion = () => expect.unreachable('nothing was to be asked')) {
  let tell: (event: ServerEvent) => void = () => expect.unreachable('nobody listens');
  let asked = 0;
  const events: ServerEvent[] = [];
  const follower = followConversions(
    {
      follow(listener) {
        tell = listener;
        return () => {};
      },
      async get() {
        asked += 1;
        return answer();
      },
    },
    'ours',
    (event) => events.push(event),
  );
  return {
    events,
    untilEnded: follower.untilEnded,
    [Symbol.dispose]: () => follower[Symbol.dispose](),
    tellOf: (told: Conversion) => tell({ type: 'conversion', conversion: told }),
    tell: (event: ServerEvent) => tell(event),
    asked: () => asked,
  };
}

describe('following a conversion', () => {
  // Only the clock is fake.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('ends with the event of its end', async () => {
    using one = open();
    const ended = one.untilEnded(conversion('queued'), never);
    one.tellOf(conversion('converting'));
    one.tellOf(conversion('done'));
    expect(await ended).toEqual(conversion('done'));
    expect(one.events).toHaveLength(2);
  });

  it('ends at once when the event of its end came before the answer with its id', async () => {
    using one = open();
    one.tellOf(conversion('queued'));
    one.tellOf(conversion('failed'));
    expect(await one.untilEnded(conversion('queued'), never)).toEqual(conversion('failed'));
  });

  it('asks after five seconds without events, and keeps waiting while nothing has changed', async () => {
    const answers = [conversion('queued'), conversion('converting'), conversion('done')];
    using one = open(() => answers.shift() ?? expect.unreachable());
    const ended = one.untilEnded(conversion('queued'), never);
    await vi.advanceTimersByTimeAsync(4000);
    one.tellOf(conversion('queued'));
    await vi.advanceTimersByTimeAsync(4000);
    expect(one.asked()).toBe(0);
    await vi.advanceTimersByTimeAsync(12_000);
    expect(await ended).toEqual(conversion('done'));
    // An answer with the known state is not reported.
    expect(one.events.map((event) => event.type === 'conversion' && event.conversion.state)).toEqual([
      'queued',
      'converting',
      'done',
    ]);
  });

  it('reports progress from the answers when no events arrive', async () => {
    const further = { ...conversion('converting'), progress: 0.4, etaSeconds: 9 };
    const answers = [further, conversion('done')];
    using one = open(() => answers.shift() ?? expect.unreachable());
    const ended = one.untilEnded(conversion('converting'), never);
    await vi.advanceTimersByTimeAsync(12_000);
    await ended;
    expect(one.events).toEqual([
      { type: 'progress', id: 'c1', revision: 2, progress: 0.4, etaSeconds: 9 },
      { type: 'conversion', conversion: conversion('done') },
    ]);
  });

  it('waits for a backend that is unavailable for a while, but not forever', async () => {
    const away = new AppError('unavailable', 'The server is away.');
    using one = open(() => {
      throw away;
    });
    const ended = one.untilEnded(conversion('queued'), never).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(one.asked()).toBeGreaterThan(3);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await ended).toBe(away);
  });

  it('throws a permanent error at once', async () => {
    const gone = new AppError('not_found', 'There is no such conversion.');
    using one = open(() => {
      throw gone;
    });
    const ended = one.untilEnded(conversion('queued'), never).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(6000);
    expect(await ended).toBe(gone);
  });

  it('ends when the signal fires', async () => {
    using one = open();
    const stop = new AbortController();
    const ended = one.untilEnded(conversion('queued'), stop.signal);
    stop.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
    await expect(one.untilEnded(conversion('queued'), stop.signal)).rejects.toThrow('enough');
  });

  it('passes on the progress of its own running conversions, and of no others', async () => {
    using one = open();
    const ended = one.untilEnded(conversion('queued'), never);
    one.tell({ type: 'progress', id: 'another', revision: 2, progress: 0.1 });
    one.tell({ type: 'progress', id: 'c1', revision: 2, progress: 0.2 });
    one.tell({ type: 'removed', ids: ['another'] });
    one.tell({ type: 'read', ids: ['n1'] });
    one.tellOf({ ...conversion('done', 'another'), batchId: 'theirs' });
    expect(one.events).toEqual([{ type: 'progress', id: 'c1', revision: 2, progress: 0.2 }]);
    one.tell({ type: 'removed', ids: ['another', 'c1'] });
    expect(one.events.at(-1)).toEqual({ type: 'removed', ids: ['c1'] });
    await expect(ended).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('following many conversions without events', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('asks about eight at once, and about all of them', async () => {
    let open = 0;
    let most = 0;
    const asked = new Set<string>();
    using follower = followConversions(
      {
        follow: () => () => {},
        async get(id) {
          asked.add(id);
          open += 1;
          most = Math.max(most, open);
          await new Promise((resolve) => setImmediate(resolve));
          open -= 1;
          return conversion('queued', id);
        },
      },
      'ours',
      () => undefined,
    );
    const stop = new AbortController();
    const waits = Array.from({ length: 300 }, (_, i) =>
      follower.untilEnded(conversion('queued', `c${i}`), stop.signal).catch(() => undefined),
    );
    await vi.advanceTimersByTimeAsync(6000);
    while (asked.size < 300) await new Promise((resolve) => setImmediate(resolve));
    expect(most).toBe(8);
    stop.abort(new Error('enough'));
    await Promise.all(waits);
  });

  it('does not give up while the server only asks for patience', async () => {
    using one = open(() => {
      throw new AppError('too_many', 'Wait.');
    });
    const ended = one.untilEnded(conversion('queued'), never);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(one.asked()).toBeGreaterThan(50);
    one.tellOf(conversion('done'));
    expect(await ended).toEqual(conversion('done'));
  });
});
