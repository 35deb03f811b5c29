import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OwnedEvent } from '../messages.ts';
import type { EventBus } from './event-bus.ts';

/** A bus, as an adapter's test makes it. */
export interface EventBusUnderTest {
  readonly bus: EventBus;
  /** The same bus as another process has it; within one process, the bus itself. */
  readonly peer: EventBus;
  dispose(): Promise<void>;
}

/** A server may need this long, in milliseconds, on a machine that is busy. */
const patience = { timeout: 10_000, interval: 5 };

/** Of events that tell only that those before them have come. */
const markerOwner = 'marker';

function example(name: string | number, owner = 'anna'): OwnedEvent {
  return { owner, event: { type: 'removed', ids: [`${name}`] } };
}

/** Runs the contract of the port over the buses that `make` makes. */
export function describeEventBus(name: string, make: () => Promise<EventBusUnderTest>): void {
  describe(`${name}, as an EventBus`, () => {
    let underTest: EventBusUnderTest;
    let bus: EventBus;
    let peer: EventBus;
    beforeEach(async () => {
      underTest = await make();
      ({ bus, peer } = underTest);
    });
    afterEach(() => underTest.dispose());

    /** Resolves when all that was published on `from` before has come. */
    async function settle(from: EventBus = bus): Promise<void> {
      const marker = example(Math.random(), markerOwner);
      const heard: OwnedEvent[] = [];
      const ends = [bus, peer].map((each) => each.subscribe((event) => heard.push(event)));
      from.publish(marker);
      await vi.waitFor(() => expect(heard.filter((event) => sameAs(event, marker))).toHaveLength(2), patience);
      for (const end of ends) end();
    }

    it('tells every listener in every process of an event and whose it is', async () => {
      const heard = [hear(bus), hear(bus), hear(peer)];
      const events: readonly OwnedEvent[] = [
        { owner: 'anna', event: { type: 'progress', id: 'Übung', progress: 0.25, etaSeconds: 1.5, speed: 30 } },
        { owner: 'bert', event: { type: 'removed', ids: ['one', 'other'] } },
      ];
      for (const event of events) bus.publish(event);
      await vi.waitFor(() => expect(heard).toEqual([events, events, events]), patience);
      await settle();
      expect(heard).toEqual([events, events, events]);
    });

    it('keeps the order of one publisher', async () => {
      const heard = hear(peer);
      const events = Array.from({ length: 200 }, (_, index) => example(index));
      for (const event of events) bus.publish(event);
      await vi.waitFor(() => expect(heard).toHaveLength(200), patience);
      expect(heard).toEqual(events);
    });

    it('spares the publisher and the other listeners what a listener throws', async () => {
      const heard: OwnedEvent[] = [];
      const broken = vi.fn(() => {
        throw new Error('this listener is broken');
      });
      bus.subscribe(broken);
      bus.subscribe((event) => heard.push(event));
      bus.subscribe(broken);
      bus.publish(example(1));
      bus.publish(example(2));
      await vi.waitFor(() => expect(heard).toEqual([example(1), example(2)]), patience);
      await vi.waitFor(() => expect(broken).toHaveBeenCalledTimes(4), patience);
    });

    it('tells nothing more once a subscription was ended, and ends no other', async () => {
      const heard: string[] = [];
      const listener = (event: OwnedEvent): void => void heard.push(JSON.stringify(event));
      const end = bus.subscribe(listener);
      bus.subscribe(listener);
      bus.publish(example(1));
      await settle();
      end();
      end();
      bus.publish(example(2));
      await settle();
      expect(heard.filter((text) => text === JSON.stringify(example(1)))).toHaveLength(2);
      expect(heard.filter((text) => text === JSON.stringify(example(2)))).toHaveLength(1);
    });

    it('lets a listener end its own subscription, and subscribe, while it is told', async () => {
      const first: OwnedEvent[] = [];
      const second: OwnedEvent[] = [];
      const end = bus.subscribe((event) => {
        first.push(event);
        end();
        bus.subscribe((later) => second.push(later));
      });
      bus.publish(example(1));
      await settle();
      bus.publish(example(2));
      await settle();
      expect(first).toEqual([example(1)]);
      expect(second).toContainEqual(example(2));
    });

    it('drops what is published while nobody listens, or after it was closed', async () => {
      bus.publish(example(1));
      await settle();
      const heard = hear(bus);
      await bus.close();
      expect(() => bus.publish(example(2))).not.toThrow();
      await bus.close();
      expect(heard).toEqual([]);
    });
  });
}

/** All that comes from now on, markers apart. */
function hear(bus: EventBus): readonly OwnedEvent[] {
  const heard: OwnedEvent[] = [];
  bus.subscribe((event) => {
    if (event.owner !== markerOwner) heard.push(event);
  });
  return heard;
}

function sameAs(one: OwnedEvent, other: OwnedEvent): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
