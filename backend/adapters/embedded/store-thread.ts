// The thread in which SQLite runs: it waits for the disk, so that the program's event loop does not.
import { parentPort } from 'node:worker_threads';
import { serveStores } from './serve-stores.ts';

if (parentPort === null) throw new Error('this runs only as a thread');
serveStores(parentPort);
