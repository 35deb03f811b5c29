import { describe, expect, it, vi } from 'vitest';
import type { OwnedEvent } from '../../messages.ts';
import { describeEventBus } from '../../ports/event-bus.contract.ts';
import { createMemoryEventBus } from './memory-event-bus.ts';

describeEventBus('memory', async () => {
  const bus = createMemoryEventBus(() => undefined);
  return { bus, peer: bus, dispose: () => bus.close() };
});

describe('a bus in memory', () => {
  const event: OwnedEvent = { owner: 'anna', event: { type: 'removed', ids: ['one'] } };

  it('calls nobody before the publisher goes on', async () => {
    const bus = createMemoryEventBus(() => undefined);
    const listener = vi.fn();
    bus.subscribe(listener);
    bus.publish(event);
    expect(listener).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(listener).toHaveBeenCalledExactlyOnceWith(event);
  });

  it('tells of what a listener throws', async () => {
    const onError = vi.fn();
    const bus = createMemoryEventBus(onError);
    const error = new Error('this listener is broken');
    bus.subscribe(() => {
      throw error;
    });
    bus.publish(event);
    await Promise.resolve();
    expect(onError).toHaveBeenCalledExactlyOnceWith(error);
  });

  it('has the process warn of what a listener throws where nobody asked to hear of it', async () => {
    const warned = new Promise((resolve) => process.once('warning', resolve));
    const bus = createMemoryEventBus();
    const error = new Error('this listener is broken');
    bus.subscribe(() => {
      throw error;
    });
    bus.publish(event);
    expect(await warned).toBe(error);
  });
});
