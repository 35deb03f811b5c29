/** Calls the listeners of an event bus. `Key` says whose messages a listener receives. */
export interface Subscribers<Key, Message> {
  has(key: Key): boolean;
  /** Returns a function that ends the subscription. It may be called again, and then returns false. */
  add(key: Key, subscriber: Subscriber<Message>): () => boolean;
  /** Calls the listeners of these keys that want this kind. */
  tell(keys: readonly Key[], kind: string, message: Message): void;
  /** Tells every listener that it may have missed messages. */
  tellGap(): void;
  clear(): void;
}

export interface Subscriber<Message> {
  readonly kinds: readonly string[];
  readonly onMessage: (message: Message) => void;
  readonly onGap?: (() => void) | undefined;
}

/** `onError` is called with what a listener throws. It affects no other listener. */
export function createSubscribers<Key, Message>(onError: (error: unknown) => void): Subscribers<Key, Message> {
  /** By key: there may be thousands of owners, and a message concerns one of them. */
  const byKey = new Map<Key, Set<Subscriber<Message>>>();

  function attempt(call: () => void): void {
    try {
      call();
    } catch (error) {
      onError(error);
    }
  }

  return {
    has: (key) => byKey.has(key),
    add(key, subscriber) {
      const sameKey = byKey.get(key) ?? new Set();
      byKey.set(key, sameKey.add(subscriber));
      return () => {
        const isFirst = sameKey.delete(subscriber);
        if (sameKey.size === 0 && byKey.get(key) === sameKey) byKey.delete(key);
        return isFirst;
      };
    },
    // A Set reflects changes made during the loop: a subscription that ended in the meantime receives nothing more.
    tell(keys, kind, message) {
      for (const key of keys) {
        for (const { kinds, onMessage } of byKey.get(key) ?? []) {
          if (kinds.includes(kind)) attempt(() => onMessage(message));
        }
      }
    },
    tellGap() {
      const all = [...byKey.values()].flatMap((sameKey) => [...sameKey]);
      for (const { onGap } of all) if (onGap !== undefined) attempt(onGap);
    },
    clear() {
      for (const sameKey of byKey.values()) sameKey.clear();
      byKey.clear();
    },
  };
}
