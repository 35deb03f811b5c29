import { writeSync } from 'node:fs';

/** Set-up cannot go on. The message is a sentence for the person at the terminal. */
export class SetUpError extends Error {}

/**
 * Writes one line to standard error. Not through `process.stderr`: opening that stream changes the mode of the
 * descriptor that the script inherits.
 * @param {string} sentence
 */
export function say(sentence) {
  try {
    writeSync(2, `${sentence}\n`);
  } catch (error) {
    // A terminal that is gone or a full pipe must not stop the work.
    if (!isSystemError(error, 'EPIPE', 'EAGAIN', 'EBADF', 'EIO')) throw error;
  }
}

/**
 * @param {unknown} error
 * @param {...string} codes
 * @returns {boolean}
 */
export function isSystemError(error, ...codes) {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
