/** What connects the queue of a process to the exchange. Requests of one session take effect in the order of their calls. */
export interface Binder {
  bind(pattern: string): Promise<unknown>;
  unbind(pattern: string): Promise<unknown>;
}

/** The patterns of routing keys that a process receives. Each is bound once, however many subscriptions need it. */
export interface Bindings {
  /** Resolves once it is bound, or cannot be for now: then it is bound with the next session. Never rejects. */
  need(pattern: string): Promise<void>;
  /** Ends what one call of `need` began. */
  drop(pattern: string): void;
  /** Binds all that is needed. Rejects if the session ends meanwhile. */
  begin(binder: Binder): Promise<void>;
  end(): void;
  /** Lets nobody wait until `resume`, because RabbitMQ answers nothing meanwhile. */
  pause(): void;
  resume(): void;
}

interface Binding {
  count: number;
  bound: Promise<void>;
}

export function createBindings(): Bindings {
  const bindings = new Map<string, Binding>();
  let binder: Binder | undefined;
  let isPaused = false;
  const waiting = new Set<() => void>();

  async function bindNow(pattern: string): Promise<void> {
    const binding = binder?.bind(pattern).catch(() => undefined);
    if (binding === undefined || isPaused) return;
    const { promise: gaveUp, resolve } = Promise.withResolvers<void>();
    waiting.add(resolve);
    await Promise.race([binding, gaveUp]);
    waiting.delete(resolve);
  }

  function letGo(): void {
    for (const resolve of waiting) resolve();
  }

  return {
    need(pattern) {
      const binding = bindings.get(pattern) ?? { count: 0, bound: bindNow(pattern) };
      binding.count += 1;
      bindings.set(pattern, binding);
      return binding.bound;
    },
    drop(pattern) {
      const binding = bindings.get(pattern);
      if (binding === undefined) return;
      binding.count -= 1;
      if (binding.count > 0) return;
      bindings.delete(pattern);
      binder?.unbind(pattern).catch(() => undefined);
    },
    async begin(begun) {
      binder = begun;
      await Promise.all([...bindings.keys()].map((pattern) => begun.bind(pattern)));
    },
    end() {
      binder = undefined;
      isPaused = false;
      letGo();
    },
    pause() {
      isPaused = true;
      letGo();
    },
    resume() {
      isPaused = false;
    },
  };
}
