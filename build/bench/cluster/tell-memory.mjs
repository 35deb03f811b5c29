// Loaded into a service before its own code (node --import). At SIGUSR2 it collects garbage and writes to MEMORY_FILE how much memory is left
// in use, in bytes.
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** @type {() => void} */
const collectGarbage = runInNewContext('gc');
const file = process.env['MEMORY_FILE'] ?? '';

process.on('SIGUSR2', () => {
  collectGarbage();
  // Objects that the first collection finalized may have held others.
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  writeFileSync(`${file}.new`, JSON.stringify({ resident: rss, live: heapUsed + external }));
  renameSync(`${file}.new`, file);
});
