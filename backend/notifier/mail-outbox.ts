import type { Logger } from 'pino';
import { isAppError } from '../../shared/errors.ts';
import { leaseSeconds } from '../conversions/kept-lease.ts';
import { watchLeases } from '../conversions/lease-watch.ts';
import type { ClaimedMail, OutboxMails } from '../conversions/outbox-mails.ts';
import type { Clock } from '../ports/clock.ts';
import type { Mailer, MailMessage, MailOutcome } from '../ports/mailer.ts';
import type { NotificationRecord } from '../ports/notification-store.ts';
import { batchMail } from './batch-mail.ts';
import { pauseOfMail, pauseWithoutAnswer, watchMailServer } from './mail-pauses.ts';

/** How often the outbox is checked for due mails. */
export const lookEverySeconds = 5;
/** How many mails are sent at once, so that one slow mail does not hold up the others. */
const mostAtOnce = 4;
/** The pause after a mail could not be composed, or its outcome could not be stored. */
const troubledSeconds = 60;
/** An older mail is given up: it is no longer news. */
const giveUpAfterSeconds = 2 * 24 * 3600;

export interface MailOutboxParts {
  readonly mails: OutboxMails;
  readonly mailer: Mailer;
  /** The address for mail to this account. Undefined if the account gets no mail, or no longer exists. */
  readonly recipientOf: (owner: string) => Promise<string | undefined>;
  /** The public address of the gateway, without a slash at the end. */
  readonly url: string;
  /** The name of this server. It must stay the same across restarts, because message ids contain it. */
  readonly host: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Sends the mails in the outbox until each has ended. Several processes may do this: each mail is claimed by one of them, and by
 * another one only if the first has died or is frozen.
 */
export interface MailOutbox {
  /** Starts to send all due mails, if the mail server can be reached. Resolves once the last one has been started. */
  look(): Promise<void>;
  /** Resolves once no mail is being sent. */
  idle(): Promise<void>;
  /**
   * Starts no more mails, and aborts those in progress after `graceSeconds`. Aborted mails stay in the outbox. Resolves once that is
   * stored.
   */
  stop(graceSeconds: number): Promise<void>;
}

export function createMailOutbox(parts: MailOutboxParts): MailOutbox {
  const { mails, mailer, recipientOf, url, host, clock, log } = parts;
  const server = watchMailServer(clock);
  const leaseWatch = watchLeases(clock, lookEverySeconds);
  const running = new Map<string, Promise<void>>();
  /** Mails that could not be composed or stored, with the time until which they are skipped so that others need not wait. */
  const troubled = new Map<string, number>();
  const aborting = new AbortController();
  let stopping = false;
  const inSeconds = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000);

  /** The same for each try, so that a mailbox can recognize a duplicate. */
  const messageIdOf = ({ notification }: NotificationRecord): string => `<${notification.id}@${host}>`;

  /** Undefined if the mail is no longer wanted, or everything that it would report was removed. */
  async function compose(record: NotificationRecord): Promise<MailMessage | undefined> {
    const to = await recipientOf(record.owner);
    if (to === undefined) return undefined;
    const facts = await mails.facts(record);
    if (facts.done + facts.failed === 0) return undefined;
    return { to, messageId: messageIdOf(record), ...batchMail(facts, { url, host, now: clock.now() }) };
  }

  async function handOver(record: NotificationRecord): Promise<void> {
    const message = await compose(record);
    if (message === undefined) return await mails.withdraw(record);
    await using claim = await mails.claim(record, aborting.signal);
    if (claim === undefined) return;
    let outcome: MailOutcome;
    try {
      outcome = await mailer.send(message, AbortSignal.any([aborting.signal, claim.signal]));
    } catch (error) {
      return await postpone(record, claim, error);
    }
    server.answered();
    await end(record, claim, outcome);
  }

  async function end(record: NotificationRecord, claim: ClaimedMail, outcome: MailOutcome): Promise<void> {
    const facts = { notification: record.notification.id, tries: claim.tries };
    if (outcome.kind === 'sent') log.info(facts, 'mail was sent');
    else log.warn({ ...facts, reason: outcome.reason }, 'mail was refused and is given up');
    await claim.end(outcome.kind);
  }

  async function postpone(record: NotificationRecord, claim: ClaimedMail, error: unknown): Promise<void> {
    const { tries } = claim;
    const facts = { err: error, notification: record.notification.id, tries };
    if (claim.signal.aborted) return log.warn(facts, 'another process has taken over a mail');
    if (aborting.signal.aborted) return await claim.postpone(clock.now());
    const serverLives = isAppError(error, 'unavailable') && error.details?.['replyCode'] !== undefined;
    if (serverLives) server.answered();
    const seconds = serverLives ? pauseOfMail(tries) : Math.max(server.failed(), pauseWithoutAnswer(tries));
    const age = (clock.now().getTime() - Date.parse(record.notification.createdAt)) / 1000;
    if (age >= giveUpAfterSeconds) {
      log.warn(facts, 'mail could not be sent for too long and is given up');
      return await claim.end('gave_up');
    }
    log.warn({ ...facts, againInSeconds: Math.ceil(seconds) }, 'mail could not be sent now');
    await claim.postpone(inSeconds(seconds));
  }

  function start(record: NotificationRecord): void {
    const { id } = record.notification;
    const handing = handOver(record)
      .catch((error: unknown) => {
        log.error({ err: error, notification: id }, 'a mail could not be composed, or its outcome could not be stored');
        troubled.set(id, clock.monotonicSeconds() + troubledSeconds);
      })
      .finally(() => running.delete(id));
    running.set(id, handing);
  }

  /** Whether the mail may be claimed: it is unclaimed, or its holder has not raised the revision for too long. */
  function isFree({ notification, outboxMail }: NotificationRecord): boolean {
    const { id } = notification;
    if (outboxMail === undefined || running.has(id)) return false;
    if ((troubled.get(id) ?? 0) > clock.monotonicSeconds()) return false;
    troubled.delete(id);
    return !outboxMail.claimed || leaseWatch.look(id, outboxMail.revision) >= leaseSeconds;
  }

  /** Waits until one more mail may be started. False if none may be started for now. */
  async function room(): Promise<boolean> {
    for (;;) {
      const allowed = stopping ? 0 : server.allowed(mostAtOnce);
      if (allowed === 0 || running.size < allowed) return allowed > 0;
      await Promise.race(running.values());
    }
  }

  return {
    async look() {
      const now = clock.now().toISOString();
      for await (const record of mails.list()) {
        if (record.outboxMail === undefined || record.outboxMail.due > now) break;
        if (!isFree(record)) continue;
        if (!(await room())) break;
        start(record);
      }
      leaseWatch.endRound();
    },

    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },

    async stop(graceSeconds) {
      stopping = true;
      const grace = setTimeout(() => aborting.abort(), graceSeconds * 1000);
      await Promise.all(running.values());
      clearTimeout(grace);
    },
  };
}
