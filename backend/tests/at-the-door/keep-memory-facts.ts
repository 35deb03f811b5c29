import { writeFileSync } from 'node:fs';

/** Loaded before a server, started with `--expose-gc`: on SIGUSR2 it writes how much memory is really in use, in bytes, to a file. */
process.on('SIGUSR2', () => {
  const file = process.env['MEMORY_FACTS_FILE'];
  if (file === undefined || globalThis.gc === undefined)
    throw new Error('the server was not started to tell of its memory');
  globalThis.gc();
  // What the first one found dead may have held more.
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(file, String(heapUsed + external));
});
