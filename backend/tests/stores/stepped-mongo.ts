import type { Collection, Db, FindCursor } from 'mongodb';

type WriteName = 'updateOne' | 'updateMany' | 'bulkWrite' | 'findOneAndUpdate' | 'deleteMany';
const writes: readonly (string | symbol)[] = [
  'updateOne',
  'updateMany',
  'bulkWrite',
  'findOneAndUpdate',
  'deleteMany',
] satisfies readonly WriteName[];

/** A database whose collections await `step` before each write. */
export function steppedDatabase(database: Db, step: () => Promise<void>): Db {
  return proxied(database, (key, call) =>
    key === 'collection' ? (...args) => steppedCollection(call(...args) as Collection, step) : call,
  );
}

function steppedCollection(collection: Collection, step: () => Promise<void>): Collection {
  return proxied(collection, (key, call) =>
    writes.includes(key)
      ? async (...args) => {
          await step();
          return await call(...args);
        }
      : call,
  );
}

/** A database whose collections await `step` before each of their finds. */
export function readingInSteps(database: Db, step: () => Promise<void>): Db {
  const readInSteps = (collection: Collection): Collection =>
    proxied(collection, (key, call) => (key === 'find' ? (...args) => inSteps(call(...args) as FindCursor) : call));
  const inSteps = (cursor: FindCursor) => ({
    async toArray() {
      await step();
      return await cursor.toArray();
    },
  });
  return proxied(database, (key, call) =>
    key === 'collection' ? (...args) => readInSteps(call(...args) as Collection) : call,
  );
}

/** A store that awaits `step` after each of its calls that resolve. */
export function steppedAfter<Store extends object>(store: Store, step: () => Promise<void>): Store {
  return proxied(store, (_key, call) => async (...args) => {
    const result = await call(...args);
    await step();
    return result;
  });
}

type Call = (...args: readonly unknown[]) => unknown;

function proxied<Target extends object>(target: Target, replace: (key: string | symbol, call: Call) => Call): Target {
  return new Proxy(target, {
    get(from, key) {
      const method: unknown = Reflect.get(from, key, from);
      if (typeof method !== 'function') return method;
      return replace(key, (...args) => Reflect.apply(method, from, args));
    },
  });
}
