import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../shared/errors.ts';

/** How long all that runs may take to stop together, in seconds. */
const stopSeconds = 10;

/**
 * Disposes of `running`, which is all that runs. Throws `unavailable`, with `stopSeconds` in its details, if something hangs: a store,
 * a blob, ffmpeg, a mail server. The process must then be killed. Nothing is lost by that.
 */
export async function stopInTime(running: AsyncDisposable): Promise<void> {
  const done = new AbortController();
  const late = delay(stopSeconds * 1000, 'late', { signal: done.signal }).catch(() => 'done');
  try {
    if ((await Promise.race([running[Symbol.asyncDispose](), late])) !== 'late') return;
  } finally {
    done.abort();
  }
  throw new AppError(
    'unavailable',
    `Soundlift could not stop within ${stopSeconds} seconds and was ended. Nothing is lost.`,
    {
      details: { stopSeconds },
    },
  );
}
