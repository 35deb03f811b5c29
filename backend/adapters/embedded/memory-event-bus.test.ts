import { describe, expect, it, vi } from 'vitest';
import type { OwnedEvent } from '../../messages.ts';
import { describeEventBus } from '../../ports/event-bus.contract.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import { createMemoryEventBus, maxWaitingMessages } from './memory-event-bus.ts';

const event: OwnedEvent = { owner: 'anna', event: { type: 'removed', ids: ['one'] } };
const topic = { owner: 'anna', kinds: ['removed'] } as const;

function publishTimes(bus: EventBus, times: number): void {
  for (let count = 0; count < times; count++) bus.publish(event);
}

describeEventBus('memory', async () => {
  const bus = createMemoryEventBus(() => undefined);
  return {
    bus,
    peer: bus,
    async interrupt() {
      for (let count = 0; count <= maxWaitingMessages; count++) bus.publish({ ...event, owner: 'nobody' });
    },
    dispose: () => bus.close(),
  };
});

describe('a bus in memory', () => {
  it('calls no listener before publish returns', async () => {
    const bus = createMemoryEventBus(() => undefined);
    const listener = vi.fn();
    bus.subscribe(topic, listener);
    bus.publish(event);
    expect(listener).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(listener).toHaveBeenCalledExactlyOnceWith(event);
  });

  it('drops messages that it cannot deliver fast enough, and reports the gap after those that it kept', async () => {
    const bus = createMemoryEventBus();
    const calls: string[] = [];
    bus.subscribe(
      topic,
      () => calls.push('event'),
      () => calls.push('gap'),
    );
    publishTimes(bus, maxWaitingMessages);
    await Promise.resolve();
    expect(calls).toHaveLength(maxWaitingMessages);
    expect(calls).not.toContain('gap');

    publishTimes(bus, maxWaitingMessages + 50);
    await Promise.resolve();
    expect(calls).toHaveLength(2 * maxWaitingMessages + 1);
    expect(calls.at(-1)).toBe('gap');
  });

  it('reports what a listener throws', async () => {
    const onError = vi.fn();
    const bus = createMemoryEventBus(onError);
    const error = new Error('this listener is broken');
    bus.subscribe(topic, () => {
      throw error;
    });
    bus.publish(event);
    await Promise.resolve();
    expect(onError).toHaveBeenCalledExactlyOnceWith(error);
  });

  it('emits a process warning for what a listener throws if there is no onError', async () => {
    const warned = new Promise((resolve) => process.once('warning', resolve));
    const bus = createMemoryEventBus();
    const error = new Error('this listener is broken');
    bus.subscribe(topic, () => {
      throw error;
    });
    bus.publish(event);
    expect(await warned).toBe(error);
  });
});
