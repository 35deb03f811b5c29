import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '../../shared/errors.ts';
import type { Mailer, MailMessage } from '../ports/mailer.ts';
import type { Background } from './background.ts';

/** Seconds before each retry while the mail server cannot be reached. A code is valid for 15 minutes. */
const usualPauses: readonly number[] = [5, 30, 120, 300];

/** Sends a message without making the caller wait, so that response times do not show whether a mail was sent. */
export function sendInBackground(
  message: MailMessage,
  mailer: Mailer,
  { start, log, ending, aborted }: Background,
  pauses = usualPauses,
): void {
  start('a code could not be mailed', async () => {
    for (const pause of [...pauses, undefined]) {
      try {
        const outcome = await mailer.send(message, aborted);
        if (outcome.kind === 'refused') log.warn({ reason: outcome.reason }, 'the mail server refused a code');
        return;
      } catch (error) {
        if (pause === undefined || ending.aborted || !isAppError(error, 'unavailable')) throw error;
        log.warn({ err: error }, 'a code could not be mailed yet');
        await delay(pause * 1000, undefined, { ref: false, signal: ending });
      }
    }
  });
}
