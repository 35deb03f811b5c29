import { writeFileSync } from 'node:fs';

/**
 * Loaded before a server that is started with `--expose-gc`. On SIGUSR2 it writes the memory in use, in bytes, to a
 * file.
 */
process.on('SIGUSR2', () => {
  const file = process.env['MEMORY_FACTS_FILE'];
  if (file === undefined || globalThis.gc === undefined) throw new Error('the server was not started with --expose-gc');
  globalThis.gc();
  // Objects that the first collection finalized may have held others.
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(file, String(heapUsed + external));
});
