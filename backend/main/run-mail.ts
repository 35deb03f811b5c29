import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Authentication } from '../http/authentication.ts';
import { createMailOutbox } from '../notifier/mail-outbox.ts';
import { runOutbox } from '../notifier/run-outbox.ts';
import { systemClock } from '../ports/clock.ts';
import type { Consumer } from '../ports/job-queue.ts';
import type { Mailer } from '../ports/mailer.ts';
import type { EmbeddedBackend } from './embedded.ts';
import { mailHost } from './open-mailer.ts';

export interface MailParts {
  readonly backend: Pick<EmbeddedBackend, 'conversions' | 'events'>;
  readonly authentication: Pick<Authentication, 'mailAddress'>;
  readonly mailer: Mailer;
  readonly config: Pick<Config, 'publicUrl'>;
  /** Where the server listens. */
  readonly listeningUrl: string;
  readonly log: Logger;
}

/** Hands over the mails in the embedded backend's outbox. */
export function runMail({ backend, authentication, mailer, config, listeningUrl, log }: MailParts): Consumer {
  const { conversions, events } = backend;
  const outbox = createMailOutbox({
    mails: conversions.mails,
    mailer,
    recipientOf: (owner) => authentication.mailAddress(owner),
    url: config.publicUrl ?? listeningUrl,
    host: mailHost(config),
    clock: systemClock,
    log,
  });
  return runOutbox({ outbox, events, log });
}
