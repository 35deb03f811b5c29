import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 collect young garbage early. A streamed byte lives for a moment only, but its buffer waits for the next collection,
 * and V8 puts that off until tens of megabytes wait. Measured with a 1 GB upload (Node 24.21): peak 203 MB without, 141 MB with 4,
 * and a quarter less CPU. Must be called before much was allocated; the flag is the name of V8 13 for `--max-semi-space-size`,
 * which is read at the start alone.
 */
export function limitYoungMemory(): void {
  setFlagsFromString('--scavenger-max-new-space-capacity-mb=4');
}
