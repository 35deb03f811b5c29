import type { NotificationRecord, OutboxMail } from './notification-store.ts';

/** The outcome of a mail. `withdrawn` means that it is no longer wanted; the notification does not record that. */
export type MailEnd = 'sent' | 'refused' | 'gave_up' | 'withdrawn';

/** The outbox: the mails of all owners that were not sent yet. Throws `unavailable` if the store cannot be reached. */
export interface MailOutboxStore {
  /** The earliest due first, read in portions, to limit memory. A mail whose `due` changes in between may come twice. */
  list(): AsyncIterable<NotificationRecord>;

  /**
   * Compare-and-set: if the mail is still in the outbox at `revision`, writes its new state or its outcome, and returns true.
   * Otherwise writes nothing. The caller must set `next.revision` one higher. So a process that has lost the mail to another can
   * no longer write.
   */
  replace(notificationId: string, revision: number, next: OutboxMail | MailEnd): Promise<boolean>;
}
