import { EventEmitter } from 'node:events';

/** Properties that the language and test tools read from any object. */
const askedOfAll = new Set(['then', 'toJSON', 'nodeType', '$$typeof', 'asymmetricMatch', 'domain', 'cause']);

/**
 * A prototype whose missing properties throw by name when they are read. It stands at the end of a prototype chain, so it sees only what
 * is missing, and private members keep working.
 */
function missing(base: object, name?: string): object {
  return new Proxy(base, {
    get(target, key, receiver: object) {
      if (typeof key === 'string' && !(key in target) && !askedOfAll.has(key)) {
        throw new Error(`stand-in electron: ${name ?? receiver.constructor.name}.${key} is not implemented`);
      }
      const value: unknown = Reflect.get(target, key, receiver);
      return value;
    },
  });
}

/** The same object, but reading a missing property throws. */
export function strict<Value extends object>(name: string, value: Value): Value {
  return Object.setPrototypeOf(value, missing(Object.prototype, name)) as Value;
}

/** An event emitter whose missing properties throw when they are read. */
export class StrictEmitter extends EventEmitter {
  static {
    Object.setPrototypeOf(StrictEmitter.prototype, missing(EventEmitter.prototype));
  }
}

/** An event whose default can be prevented. */
export function preventable<Extra extends object>(extra: Extra) {
  return {
    ...extra,
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true;
    },
  };
}
