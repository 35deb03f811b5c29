import type { NotificationRecord, OutboxMail } from './notification-store.ts';

/** How a mail ended; `withdrawn` if it is not wanted any more, of which the notification says nothing. */
export type MailEnd = 'sent' | 'refused' | 'gave_up' | 'withdrawn';

/** The outbox: the mails of all owners that were not handed over yet. Throws `unavailable` when the store cannot be reached. */
export interface MailOutboxStore {
  /** The earliest due first; read in portions, so that memory stays flat. A mail whose `due` moves meanwhile may come twice. */
  list(): AsyncIterable<NotificationRecord>;

  /**
   * Compare-and-set: if the mail is still in the outbox at `revision`, writes how it stands now, or how it ended, and returns true.
   * Otherwise it writes nothing. `next.revision` is the caller's, one higher; so a process that has lost the mail to another
   * cannot write any more.
   */
  replace(notificationId: string, revision: number, next: OutboxMail | MailEnd): Promise<boolean>;
}
