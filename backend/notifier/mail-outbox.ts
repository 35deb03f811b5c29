import type { Logger } from 'pino';
import { isAppError } from '../../shared/errors.ts';
import { watchLeases } from '../conversions/lease-watch.ts';
import type { OutboxMails } from '../conversions/outbox-mails.ts';
import type { Clock } from '../ports/clock.ts';
import type { Mailer, MailMessage, MailOutcome } from '../ports/mailer.ts';
import type { NotificationRecord } from '../ports/notification-store.ts';
import { batchMail } from './batch-mail.ts';
import { pauseOfMail, pauseWithoutAnswer, watchMailServer } from './mail-pauses.ts';

/** How often it is looked for what is due. */
export const lookEverySeconds = 5;
/** How many are handed over at once: a server that is slow for one does not keep the others waiting. */
const mostAtOnce = 4;
/** Longer than any hand-over may take: whoever has claimed a mail for so long has died over it. */
const claimSeconds = 180;
/** How long one is left alone that cannot be seen to. */
const troubledSeconds = 60;
/** Whatever was tried for so long is not news any more. */
const giveUpAfterSeconds = 2 * 24 * 3600;

export interface MailOutboxParts {
  readonly mails: OutboxMails;
  readonly mailer: Mailer;
  /** Where to mail this account; undefined where it is not to be mailed, or not any more. */
  readonly recipientOf: (owner: string) => Promise<string | undefined>;
  /** Under which address people reach the gateway, without a slash at its end. */
  readonly url: string;
  /** The name of this server, the same after each start: message ids are made from it. */
  readonly host: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Hands over the mails that are owed, until each has ended. Several may run: each mail is claimed by one. */
export interface MailOutbox {
  /** For who knows that nobody else runs: takes back what somebody had claimed who is dead now. */
  recover(): Promise<void>;
  /** Sets about all that is due, as far as the server is there. Resolves once the last of it was begun. */
  look(): Promise<void>;
  /** Resolves once nothing is being handed over. */
  idle(): Promise<void>;
  /** Begins nothing any more, and ends after `graceSeconds` what is being handed over: it stays owed. Resolves once that is written. */
  stop(graceSeconds: number): Promise<void>;
}

export function createMailOutbox(parts: MailOutboxParts): MailOutbox {
  const { mails, mailer, recipientOf, url, host, clock, log } = parts;
  const server = watchMailServer(clock);
  const leaseWatch = watchLeases(clock, lookEverySeconds);
  const running = new Map<string, Promise<void>>();
  /** Which cannot be seen to for a reason of ours, and until when they are left alone: others must not wait behind them. */
  const troubled = new Map<string, number>();
  const aborting = new AbortController();
  let stopping = false;
  const inSeconds = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000);

  /** The same each time, so that a mailbox can tell that it has it. */
  const messageIdOf = ({ notification }: NotificationRecord): string => `<${notification.id}@${host}>`;

  /** Undefined where nobody wants the mail any more, or nothing of what it would tell is still there. */
  async function compose(record: NotificationRecord): Promise<MailMessage | undefined> {
    const to = await recipientOf(record.owner);
    if (to === undefined) return undefined;
    const facts = await mails.facts(record);
    if (facts.done + facts.failed === 0) return undefined;
    return { to, messageId: messageIdOf(record), ...batchMail(facts, { url, host, now: clock.now() }) };
  }

  async function handOver(owed: NotificationRecord): Promise<void> {
    const message = await compose(owed);
    if (message === undefined) return await mails.end(owed, 'withdrawn');
    const record = await mails.claim(owed, inSeconds(claimSeconds));
    if (record === undefined) return;
    const outcome = await mailer.send(message, aborting.signal).catch(async (error: unknown) => {
      await postpone(record, error);
      return undefined;
    });
    if (outcome === undefined) return;
    server.answered();
    await end(record, outcome);
  }

  async function end(record: NotificationRecord, outcome: MailOutcome): Promise<void> {
    const facts = { notification: record.notification.id, tries: record.outboxMail?.tries };
    if (outcome.kind === 'sent') log.info(facts, 'mail was sent');
    else log.warn({ ...facts, reason: outcome.reason }, 'mail was refused, and is given up');
    await mails.end(record, outcome.kind);
  }

  async function postpone(record: NotificationRecord, error: unknown): Promise<void> {
    if (aborting.signal.aborted) return await mails.postpone(record, clock.now());
    const serverLives = isAppError(error, 'unavailable') && error.details?.['replyCode'] !== undefined;
    const tries = record.outboxMail?.tries ?? 1;
    if (serverLives) server.answered();
    const seconds = serverLives ? pauseOfMail(tries) : Math.max(server.failed(), pauseWithoutAnswer(tries));
    const facts = { err: error, notification: record.notification.id, tries };
    const age = (clock.now().getTime() - Date.parse(record.notification.createdAt)) / 1000;
    if (age >= giveUpAfterSeconds) {
      log.warn(facts, 'mail could not be sent for too long, and is given up');
      return await mails.end(record, 'gave_up');
    }
    log.warn({ ...facts, againInSeconds: Math.ceil(seconds) }, 'mail could not be sent now');
    await mails.postpone(record, inSeconds(seconds));
  }

  function start(record: NotificationRecord): void {
    const { id } = record.notification;
    const handing = handOver(record)
      .catch((error: unknown) => {
        log.error({ err: error, notification: id }, 'a mail could not be seen to');
        troubled.set(id, clock.monotonicSeconds() + troubledSeconds);
      })
      .finally(() => running.delete(id));
    running.set(id, handing);
  }

  /** Whether nobody works on it, by all that can be known: clocks of other machines do not matter. */
  function isFree({ notification, outboxMail }: NotificationRecord): boolean {
    const { id } = notification;
    if (outboxMail === undefined || running.has(id)) return false;
    if ((troubled.get(id) ?? 0) > clock.monotonicSeconds()) return false;
    troubled.delete(id);
    return !outboxMail.claimed || leaseWatch.look(id, outboxMail.tries) >= claimSeconds;
  }

  /** Waits until one more may be on its way; false when none is to be begun for now. */
  async function room(): Promise<boolean> {
    for (;;) {
      const allowed = stopping ? 0 : server.allowed(mostAtOnce);
      if (allowed === 0 || running.size < allowed) return allowed > 0;
      await Promise.race(running.values());
    }
  }

  return {
    async recover() {
      for await (const record of mails.list()) {
        if (record.outboxMail?.claimed) await mails.postpone(record, clock.now());
      }
    },

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
