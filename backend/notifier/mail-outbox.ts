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

/** How often the outbox is checked. */
export const lookEverySeconds = 5;
/** How many mails are sent at once, so that a server that is slow for one does not delay the others. */
const mostAtOnce = 4;
/** How long to wait before a mail is tried again that could not be composed or whose row could not be written. */
const troubledSeconds = 60;
/** After this long, a mail is too old to be useful. */
const giveUpAfterSeconds = 2 * 24 * 3600;

export interface MailOutboxParts {
  readonly mails: OutboxMails;
  readonly mailer: Mailer;
  /** The address to mail this account at; undefined if it should get no mail. */
  readonly recipientOf: (owner: string) => Promise<string | undefined>;
  /** The URL of the gateway as people reach it, without a slash at its end. */
  readonly url: string;
  /** The name of this server. It must be the same after each start, because message ids contain it. */
  readonly host: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Sends the mails in the outbox until each has ended. Several processes may do so. Each mail is claimed by one process, and
 * another claims it only if that process has died or is frozen.
 */
export interface MailOutbox {
  /**
   * Starts to send all mails that are due, if the mail server can be reached. Resolves once the last of these attempts has
   * started.
   */
  look(): Promise<void>;
  /** Resolves once no mail is being sent. */
  idle(): Promise<void>;
  /**
   * Starts no more attempts, and aborts those in progress after `graceSeconds`. Their mails stay in the outbox. Resolves once
   * that is written.
   */
  stop(graceSeconds: number): Promise<void>;
}

export function createMailOutbox(parts: MailOutboxParts): MailOutbox {
  const { mails, mailer, recipientOf, url, host, clock, log } = parts;
  const server = watchMailServer(clock);
  const leaseWatch = watchLeases(clock, lookEverySeconds);
  const running = new Map<string, Promise<void>>();
  /** When to try again the mails that could not be composed or written, so that others do not wait behind them. */
  const troubled = new Map<string, number>();
  const aborting = new AbortController();
  let stopping = false;
  const inSeconds = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000);

  /** The same for each attempt, so that a mailbox recognises a mail that it already has. */
  const messageIdOf = ({ notification }: NotificationRecord): string => `<${notification.id}@${host}>`;

  /** Undefined if the mail is no longer wanted, or if nothing that it would report still exists. */
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
    await using claim = await mails.claim(record);
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
    else log.warn({ ...facts, reason: outcome.reason }, 'mail was refused and will not be sent again');
    await claim.end(outcome.kind);
  }

  async function postpone(record: NotificationRecord, claim: ClaimedMail, error: unknown): Promise<void> {
    const { tries } = claim;
    const facts = { err: error, notification: record.notification.id, tries };
    if (claim.signal.aborted) return log.warn(facts, 'another process has taken a mail over');
    if (aborting.signal.aborted) return await claim.postpone(clock.now());
    const serverLives = isAppError(error, 'unavailable') && error.details?.['replyCode'] !== undefined;
    if (serverLives) server.answered();
    const seconds = serverLives ? pauseOfMail(tries) : Math.max(server.failed(), pauseWithoutAnswer(tries));
    const age = (clock.now().getTime() - Date.parse(record.notification.createdAt)) / 1000;
    if (age >= giveUpAfterSeconds) {
      log.warn(facts, 'mail could not be sent for too long and will not be tried again');
      return await claim.end('gave_up');
    }
    log.warn({ ...facts, againInSeconds: Math.ceil(seconds) }, 'mail could not be sent now');
    await claim.postpone(inSeconds(seconds));
  }

  function start(record: NotificationRecord): void {
    const { id } = record.notification;
    const handing = handOver(record)
      .catch((error: unknown) => {
        log.error({ err: error, notification: id }, 'a mail could not be composed, or its state could not be written');
        troubled.set(id, clock.monotonicSeconds() + troubledSeconds);
      })
      .finally(() => running.delete(id));
    running.set(id, handing);
  }

  /** Whether it may be claimed: it is not claimed, or the process that claimed it has not raised the revision for too long. */
  function isFree({ notification, outboxMail }: NotificationRecord): boolean {
    const { id } = notification;
    if (outboxMail === undefined || running.has(id)) return false;
    if ((troubled.get(id) ?? 0) > clock.monotonicSeconds()) return false;
    troubled.delete(id);
    return !outboxMail.claimed || leaseWatch.look(id, outboxMail.revision) >= leaseSeconds;
  }

  /** Waits until one more mail may be sent; false if none may be sent for now. */
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
