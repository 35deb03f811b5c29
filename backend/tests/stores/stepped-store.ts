import type { SqliteDatabase, SqliteStatement } from '../../adapters/embedded/sqlite-database.ts';

/**
 * The store that `create` makes, which awaits `step` before and after each of its writes. SQLite runs a statement as a whole, so
 * a writer cannot stop within one. Throws if a call writes with more than one statement: it could stop between them.
 */
export function steppedStore<Store extends object>(
  database: SqliteDatabase,
  create: (database: SqliteDatabase) => Store,
  step: () => Promise<void>,
): Store {
  let writes = 0;
  function counting(statement: SqliteStatement): SqliteStatement {
    const count = (): void => {
      writes += 1;
      if (writes > 1) throw new Error('a call writes with more than one statement');
    };
    return {
      all(...values) {
        count();
        return statement.all(...values);
      },
      get(...values) {
        count();
        return statement.get(...values);
      },
      run(...values) {
        count();
        return statement.run(...values);
      },
    };
  }
  const store = create({
    prepare(sql) {
      const statement = database.prepare(sql);
      return /^\s*SELECT\b/.test(sql) ? statement : counting(statement);
    },
    isTransaction: () => database.isTransaction(),
    [Symbol.dispose]: () => database[Symbol.dispose](),
  });
  return new Proxy(store, {
    get(from, key) {
      const method: unknown = Reflect.get(from, key);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]): Promise<unknown> => {
        await step();
        writes = 0;
        const result: unknown = await Reflect.apply(method, from, args);
        await step();
        return result;
      };
    },
  });
}
