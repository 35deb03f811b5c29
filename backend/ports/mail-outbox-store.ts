import type { NotificationRecord, OutboxMail } from './notification-store.ts';

/** What became of a mail; `withdrawn` of one that nobody wants any more, of which a notification says nothing. */
export type MailEnd = 'sent' | 'refused' | 'gave_up' | 'withdrawn';

/** The mails that are owed for notifications, of all owners. Throws `unavailable` when the store cannot be reached. */
export interface MailOutboxStore {
  /** The earliest due first; read in portions, so that memory stays flat. One whose `due` moves meanwhile may come twice. */
  list(): AsyncIterable<NotificationRecord>;

  /**
   * Compare-and-set: writes how the mail stands now, or how it ended, if it is still owed after `tries`, and says whether it did.
   * As each hand-over raises `tries`, who has lost it to another cannot write any more.
   */
  replace(notificationId: string, tries: number, next: OutboxMail | MailEnd): Promise<boolean>;
}
