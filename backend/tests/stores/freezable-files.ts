import type * as files from 'node:fs/promises';
import { freezable } from '../../ports/freezing.ts';

type Files = typeof files;

const handleCalls: readonly (string | symbol)[] = ['write', 'writev', 'sync', 'truncate', 'close'];

/** The system's calls, each of which can be stopped. For tests that mock the module `node:fs/promises` with it. */
export function freezableFiles(real: Files): Files {
  const { chmod, copyFile, open, rename, rm, stat } = real;
  return {
    ...real,
    chmod: freezable(chmod),
    copyFile: freezable(copyFile),
    open: freezable(async (...given: Parameters<typeof open>) => freezableHandle(await open(...given))),
    rename: freezable(rename),
    rm: freezable(rm),
    stat: freezable(stat) as Files['stat'],
  };
}

function freezableHandle(handle: files.FileHandle): files.FileHandle {
  return new Proxy(handle, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      const call: (...given: unknown[]) => Promise<unknown> = value.bind(target);
      return handleCalls.includes(key) ? freezable(call) : call;
    },
  });
}
