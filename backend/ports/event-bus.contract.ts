import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerEvent } from '../../shared/events.ts';
import type { InternalMessage, OwnedEvent, OwnedInternalMessage } from '../messages.ts';
import { type EventBus, everyone, type Topic } from './event-bus.ts';

/** A bus, made by an adapter's test. */
export interface EventBusUnderTest {
  readonly bus: EventBus;
  /** The same bus as another process has it; within one process, the bus itself. */
  readonly peer: EventBus;
  /** Causes a gap in both: messages published in between may be lost. Resolves once the gap is over or will be soon. */
  interrupt(): Promise<void>;
  dispose(): Promise<void>;
}

/** How long a server may need, in milliseconds, on a busy machine. */
const patience = { timeout: 40_000, interval: 5 };

/** Marker messages, which only show that the messages before them have arrived. */
const markerOwner = 'marker';

const allEvents: Topic<ServerEvent['type']> = {
  owner: everyone,
  kinds: ['conversion', 'removed', 'progress', 'notification', 'read'],
};
const allMessages: Topic<InternalMessage['type']> = {
  owner: everyone,
  kinds: ['look_now', 'mail_due', 'give_way', 'busy', 'given_way', 'sessions_ended'],
};

function removed(name: string | number, owner = 'anna'): OwnedEvent {
  return { owner, event: { type: 'removed', ids: [`${name}`] } };
}
function read(name: string | number, owner = 'anna'): OwnedEvent {
  return { owner, event: { type: 'read', ids: [`${name}`] } };
}
function progress(id: string, owner: string): OwnedEvent {
  return { owner, event: { type: 'progress', id, revision: 3, progress: 0.25, etaSeconds: 1.5, speed: 30 } };
}
function lookNow(conversionId: string, owner = 'anna'): OwnedInternalMessage {
  return { owner, message: { type: 'look_now', conversionId } };
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

    /** All messages that a subscription receives from now on, without markers. */
    async function hear(from: EventBus, topic = allEvents): Promise<readonly OwnedEvent[]> {
      const heard: OwnedEvent[] = [];
      await from.subscribe(topic, (event) => {
        if (event.owner !== markerOwner) heard.push(event);
      }).ready;
      return heard;
    }

    async function hearInternal(from: EventBus, topic = allMessages): Promise<readonly OwnedInternalMessage[]> {
      const heard: OwnedInternalMessage[] = [];
      await from.subscribeInternal(topic, (message) => heard.push(message)).ready;
      return heard;
    }

    /** Resolves when everything that was published on `bus` before has arrived at both ends. */
    async function settle(): Promise<void> {
      const event = removed(Math.random(), markerOwner);
      const message = lookNow(`${Math.random()}`, markerOwner);
      let arrived = 0;
      const subscriptions = [bus, peer].flatMap((each) => [
        each.subscribe({ owner: markerOwner, kinds: ['removed'] }, (one) => {
          if (JSON.stringify(one) === JSON.stringify(event)) arrived += 1;
        }),
        each.subscribeInternal({ owner: markerOwner, kinds: ['look_now'] }, (one) => {
          if (JSON.stringify(one) === JSON.stringify(message)) arrived += 1;
        }),
      ]);
      await Promise.all(subscriptions.map(({ ready }) => ready));
      bus.publish(event);
      bus.publishInternal(message);
      await vi.waitFor(() => expect(arrived).toBe(4), patience);
      for (const { end } of subscriptions) end();
    }

    it('delivers an event and its owner to every listener in every process', async () => {
      const heard = [await hear(bus), await hear(bus), await hear(peer)];
      const events = [progress('Übung', 'anna'), removed('one', 'bert')];
      for (const event of events) bus.publish(event);
      await settle();
      expect(heard).toEqual([events, events, events]);
    });

    it('delivers to a subscription only messages of its owner and its kinds', async () => {
      const ofAnna = await hear(peer, { owner: 'anna', kinds: ['removed', 'read'] });
      const allRemoved = await hear(peer, { owner: everyone, kinds: ['removed'] });
      const nothing = await hear(peer, { owner: 'anna', kinds: [] });
      const [mine, theirs] = [removed(1), removed(2, 'bert')];
      for (const event of [mine, theirs, progress('talk', 'anna'), read(3), read(4, 'bert')]) bus.publish(event);
      await settle();
      expect(ofAnna).toEqual([mine, read(3)]);
      expect(allRemoved).toEqual([mine, theirs]);
      expect(nothing).toEqual([]);
    });

    it.each(['everyone', '*', '#', 'a.b', 'anna.*', '', 'Ünal 😀', '__proto__', 'x'.repeat(200)])(
      'gives the owner %j no special meaning',
      async (owner) => {
        const [ofOwner, ofAnna] = [
          await hear(peer, { owner, kinds: ['read'] }),
          await hear(peer, { owner: 'anna', kinds: ['read'] }),
        ];
        bus.publish(read(1));
        bus.publish(read(2, owner));
        bus.publish(read(3, `${owner}.more`));
        await settle();
        expect([ofOwner, ofAnna]).toEqual([[read(2, owner)], [read(1)]]);
      },
    );

    it('keeps internal messages and events apart', async () => {
      const events = await hear(peer);
      const messages = await hearInternal(peer);
      const looks = await hearInternal(peer, { owner: 'anna', kinds: ['look_now'] });
      bus.publishInternal(lookNow('talk'));
      bus.publishInternal(lookNow('talk', 'bert'));
      bus.publishInternal({ owner: 'anna', message: { type: 'give_way', conversionId: 'talk', asker: 'x' } });
      bus.publish(read(1));
      await settle();
      expect(events).toEqual([read(1)]);
      expect(messages.filter(({ owner }) => owner !== markerOwner)).toEqual([
        lookNow('talk'),
        lookNow('talk', 'bert'),
        { owner: 'anna', message: { type: 'give_way', conversionId: 'talk', asker: 'x' } },
      ]);
      expect(looks).toEqual([lookNow('talk')]);
    });

    it('keeps the order of one publisher, across kinds and owners', async () => {
      const heard = await hear(peer);
      const events = Array.from({ length: 200 }, (_, index) =>
        index % 3 === 0 ? removed(index) : read(index, index % 2 === 0 ? 'anna' : 'bert'),
      );
      for (const event of events) bus.publish(event);
      await settle();
      expect(heard).toEqual(events);
    });

    it('calls onGap of every subscription once it receives messages again', async () => {
      const gaps: string[] = [];
      const afterGap: OwnedEvent[] = [];
      const subscriptions = [
        peer.subscribe(
          allEvents,
          (event) => {
            if (gaps.includes('events')) afterGap.push(event);
          },
          () => {
            gaps.push('events');
            bus.publish(read('after'));
          },
        ),
        peer.subscribeInternal(
          allMessages,
          () => undefined,
          () => gaps.push('messages'),
        ),
        // A subscription without onGap.
        peer.subscribe(allEvents, () => undefined),
      ];
      const ended = peer.subscribe(
        allEvents,
        () => undefined,
        () => gaps.push('ended'),
      );
      ended.end();
      await Promise.all(subscriptions.map(({ ready }) => ready));
      await settle();
      expect(gaps).toEqual([]);
      await underTest.interrupt();
      await vi.waitFor(() => {
        expect(gaps.toSorted()).toEqual(['events', 'messages']);
        expect(afterGap).toContainEqual(read('after'));
      }, patience);
    });

    it('has no gap without a reason', async () => {
      const onGap = vi.fn();
      await peer.subscribe(allEvents, () => undefined, onGap).ready;
      for (let index = 0; index < 1000; index++) bus.publish(read(index));
      await settle();
      expect(onGap).not.toHaveBeenCalled();
    });

    it('does not let an error of a listener reach the publisher or other listeners', async () => {
      const broken = vi.fn(() => {
        throw new Error('this listener is broken');
      });
      const topic = { owner: 'anna', kinds: ['removed'] } as const;
      await bus.subscribe(topic, broken, broken).ready;
      const heard = await hear(bus);
      await bus.subscribe(topic, broken).ready;
      bus.publish(removed(1));
      bus.publish(removed(2));
      await settle();
      expect(heard).toEqual([removed(1), removed(2)]);
      expect(broken).toHaveBeenCalledTimes(4);

      await underTest.interrupt();
      await vi.waitFor(() => expect(broken).toHaveBeenCalledTimes(5), patience);
      bus.publish(read(3));
      await settle();
      expect(heard).toContainEqual(read(3));
    });

    it('delivers nothing more to an ended subscription, and ends no other', async () => {
      const heard: string[] = [];
      const listener = (event: OwnedEvent): void => void heard.push(JSON.stringify(event));
      const topic = { owner: 'anna', kinds: ['removed'] } as const;
      const [first, second] = [bus.subscribe(topic, listener), bus.subscribe(topic, listener)];
      await Promise.all([first.ready, second.ready]);
      bus.publish(removed(1));
      await settle();
      first.end();
      first.end();
      bus.publish(removed(2));
      await settle();
      expect(heard.filter((text) => text === JSON.stringify(removed(1)))).toHaveLength(2);
      expect(heard.filter((text) => text === JSON.stringify(removed(2)))).toHaveLength(1);
    });

    it('lets a listener end its own subscription, and subscribe, while it is called', async () => {
      const first: OwnedEvent[] = [];
      const second: OwnedEvent[] = [];
      const topic = { owner: 'anna', kinds: ['removed'] } as const;
      const subscription = bus.subscribe(topic, (event) => {
        first.push(event);
        subscription.end();
        bus.subscribe(topic, (later) => second.push(later));
      });
      await subscription.ready;
      bus.publish(removed(1));
      await settle();
      bus.publish(removed(2));
      await settle();
      expect(first).toEqual([removed(1)]);
      expect(second).toContainEqual(removed(2));
    });

    it('drops messages that are published while nobody listens, or after it was closed', async () => {
      bus.publish(removed(1));
      await settle();
      const heard = await hear(bus);
      await bus.close();
      expect(() => bus.publish(removed(2))).not.toThrow();
      expect(() => bus.publishInternal(lookNow('talk'))).not.toThrow();
      await bus.close();
      expect(heard).toEqual([]);
    });
  });
}
