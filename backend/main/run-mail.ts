import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createMailOutbox } from '../notifier/mail-outbox.ts';
import { type RunningOutbox, runOutbox } from '../notifier/run-outbox.ts';
import { systemClock } from '../ports/clock.ts';
import type { Mailer } from '../ports/mailer.ts';
import { type EmbeddedBackend, recipientIn } from './embedded.ts';
import { mailHost } from './open-mailer.ts';

export interface MailParts {
  readonly backend: Pick<EmbeddedBackend, 'conversions' | 'users' | 'events'>;
  readonly mailer: Mailer;
  readonly config: Pick<Config, 'publicUrl'>;
  /** Where the server listens. */
  readonly listeningUrl: string;
  readonly log: Logger;
}

/** Hands over the mails that the embedded backend owes, and first those that the last process had begun to. */
export async function runMail({ backend, mailer, config, listeningUrl, log }: MailParts): Promise<RunningOutbox> {
  const { conversions, users, events } = backend;
  const outbox = createMailOutbox({
    mails: conversions.mails,
    mailer,
    recipientOf: (owner) => recipientIn(users, owner),
    url: config.publicUrl ?? listeningUrl,
    host: mailHost(config),
    clock: systemClock,
    log,
  });
  await outbox.recover();
  return runOutbox({ outbox, events, log });
}
