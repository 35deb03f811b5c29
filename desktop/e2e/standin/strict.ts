import { EventEmitter } from 'node:events';

/** What languages and test tools ask of any object. */
const askedOfAll = new Set(['then', 'toJSON', 'nodeType', '$$typeof', 'asymmetricMatch', 'domain', 'cause']);

/**
 * Makes reading what is missing an error that names it, not a silent `undefined`. It goes to the end of a prototype chain, so that
 * it is asked only for what is missing, and private members keep working.
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

/** The same object, but reading what it lacks throws. */
export function strict<Value extends object>(name: string, value: Value): Value {
  return Object.setPrototypeOf(value, missing(Object.prototype, name)) as Value;
}

/** What emits events in Electron: reading what it lacks throws. */
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
