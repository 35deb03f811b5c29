import type { Document } from 'mongodb';
import type { GridFsTable, GridFsTables } from '../../adapters/cluster/gridfs-tables.ts';
import { freezable } from '../../ports/freezing.ts';

type Call = <Result>(command: () => Promise<Result>) => Promise<Result>;

/** For tests: the same collections, with `around` around each command. */
export function gridFsWith(around: { readonly read: Call; readonly write: Call }, tables: GridFsTables): GridFsTables {
  const wrap = <Stored extends Document>(table: GridFsTable<Stored>): GridFsTable<Stored> => ({
    find: (reading) => around.read(() => table.find(reading)),
    insert: (...documents) => around.write(() => table.insert(...documents)),
    update: (...writings) => around.write(() => table.update(...writings)),
    remove: (filter) => around.write(() => table.remove(filter)),
  });
  return { blobs: wrap(tables.blobs), files: wrap(tables.files), chunks: wrap(tables.chunks) };
}

/**
 * For tests: collections, each of whose writes can be stopped. To stop before or after a read is to stop after the last write or
 * before the next one.
 */
export function freezableGridFs(tables: GridFsTables): GridFsTables {
  return gridFsWith({ read: (command) => command(), write: (command) => freezable(command)() }, tables);
}

/** For tests that send very many commands at once: only a few are sent at a time, so that a slow server answers each in time. */
export function unhurriedGridFs(tables: GridFsTables): GridFsTables {
  let free = 8;
  const waiting: (() => void)[] = [];
  const call: Call = async (command) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await command();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
  return gridFsWith({ read: call, write: call }, tables);
}
