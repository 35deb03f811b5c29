import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isAppError } from '../../shared/errors.ts';
import type { Mailer, MailMessage } from '../ports/mailer.ts';

/** Seconds before each retry while the mail server cannot be reached. A code is valid for 15 minutes. */
const usualPauses: readonly number[] = [5, 30, 120, 300];

/** Sends a message without making the caller wait, so that response times do not show whether a mail was sent. */
export function sendInBackground(message: MailMessage, mailer: Mailer, log: Logger, pauses = usualPauses): void {
  send().catch((error: unknown) => {
    if (!isAppError(error, 'cancelled')) log.error({ err: error }, 'a code could not be mailed');
  });

  async function send(): Promise<void> {
    for (const pause of [...pauses, undefined]) {
      try {
        const outcome = await mailer.send(message);
        if (outcome.kind === 'refused') log.warn({ reason: outcome.reason }, 'the mail server refused a code');
        return;
      } catch (error) {
        if (pause === undefined || !isAppError(error, 'unavailable')) throw error;
        log.warn({ err: error }, 'a code could not be mailed yet');
        await delay(pause * 1000, undefined, { ref: false });
      }
    }
  }
}
