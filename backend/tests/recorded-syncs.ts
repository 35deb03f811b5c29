import type * as files from 'node:fs/promises';

/** Wraps `node:fs/promises` so that `record` hears of each sync and each rename, once it is done, with its path. */
export function recordSyncs(actual: typeof files, record: (what: string) => void): typeof files {
  return {
    ...actual,
    async open(path, ...rest) {
      const handle = await actual.open(path, ...rest);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        await sync();
        record(`sync ${String(path)}`);
      };
      return handle;
    },
    async rename(from, to) {
      await actual.rename(from, to);
      record(`rename ${String(to)}`);
    },
  };
}
