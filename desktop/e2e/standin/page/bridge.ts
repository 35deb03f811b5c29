/** Makes `api` the other world's `window[key]`. */
export type Expose = (key: string, api: unknown) => void;

/**
 * The context bridge: `bridge('main')` runs in the page's world, `bridge('preload')` in the isolated world of the same frame, both
 * before the page's own scripts. The two worlds share the DOM but no objects: Chromium clones the `detail` of a CustomEvent
 * from one to the other. The source of this function is injected, so it may use nothing from outside.
 */
export function bridge(side: 'main' | 'preload'): Expose {
  type Call = (...args: unknown[]) => unknown;
  type Fields = Record<string, unknown>;
  interface Message {
    readonly op: 'call' | 'return' | 'settle' | 'expose';
    readonly id: number;
    readonly ok: boolean;
    readonly value: unknown;
    readonly args: readonly unknown[];
    readonly key: string;
    readonly api: unknown;
  }
  const other = side === 'main' ? 'preload' : 'main';
  const functions: Call[] = [];
  const numbers = new WeakMap<Call, number>();
  const settling = new Map<number, PromiseWithResolvers<unknown>>();
  let nextPromise = 1;
  let returned: Message | undefined;

  // Keep the originals, before a script of the page can replace them.
  const dispatch = EventTarget.prototype.dispatchEvent.bind(window);
  const Event = CustomEvent;
  const post = (detail: Partial<Message>): void => void dispatch(new Event(`standin:${other}`, { detail }));
  const isPlain = (value: object): value is Fields => {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
  };
  const mapFields = (value: Fields, map: (field: unknown) => unknown): Fields =>
    Object.fromEntries(Object.entries(value).map(([key, field]) => [key, map(field)]));
  const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

  const wrap = (value: unknown): unknown => {
    if (typeof value === 'function') {
      const call = value as Call;
      const number = numbers.get(call) ?? functions.push(call) - 1;
      numbers.set(call, number);
      return { $fn: number };
    }
    if (value instanceof Promise) {
      const id = nextPromise++;
      value.then(
        (result) => post({ op: 'settle', id, ok: true, value: wrap(result) }),
        (error: unknown) => post({ op: 'settle', id, ok: false, value: messageOf(error) }),
      );
      return { $promise: id };
    }
    if (Array.isArray(value)) return value.map(wrap);
    return value !== null && typeof value === 'object' && isPlain(value) ? mapFields(value, wrap) : value;
  };
  const callOther = (id: number, args: readonly unknown[]): unknown => {
    post({ op: 'call', id, args: args.map(wrap) });
    const answer = returned;
    returned = undefined;
    if (answer === undefined) throw new Error('contextBridge: the other world is gone');
    if (!answer.ok) throw new Error(String(answer.value));
    return unwrap(answer.value);
  };
  const unwrap = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(unwrap);
    if (value === null || typeof value !== 'object' || !isPlain(value)) return value;
    if ('$fn' in value) {
      const id = value['$fn'] as number;
      return (...args: unknown[]) => callOther(id, args);
    }
    if ('$promise' in value) {
      const settled = Promise.withResolvers<unknown>();
      settling.set(value['$promise'] as number, settled);
      return settled.promise;
    }
    return mapFields(value, unwrap);
  };
  const deepFreeze = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return value;
    for (const field of Object.values(value)) deepFreeze(field);
    return Object.freeze(value);
  };

  const answerCall = (id: number, args: readonly unknown[]): void => {
    try {
      post({ op: 'return', ok: true, value: wrap(functions[id]?.(...args.map(unwrap))) });
    } catch (error) {
      post({ op: 'return', ok: false, value: messageOf(error) });
    }
  };
  window.addEventListener(`standin:${side}`, (event) => {
    event.stopImmediatePropagation();
    const message = (event as CustomEvent<Message>).detail;
    switch (message.op) {
      case 'return':
        returned = message;
        break;
      case 'call':
        answerCall(message.id, message.args);
        break;
      case 'settle': {
        const settled = settling.get(message.id);
        settling.delete(message.id);
        if (message.ok) settled?.resolve(unwrap(message.value));
        else settled?.reject(new Error(String(message.value)));
        break;
      }
      case 'expose':
        Object.defineProperty(window, message.key, { value: deepFreeze(unwrap(message.api)), enumerable: true });
    }
  });
  return (key, api) => post({ op: 'expose', key, api: wrap(api) });
}
