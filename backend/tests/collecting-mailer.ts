import type { Mailer, MailMessage } from '../ports/mailer.ts';

/** A mailer that sends nothing and collects its messages. */
export function collectMails(): { readonly mails: MailMessage[]; readonly mailer: Mailer } {
  const mails: MailMessage[] = [];
  const mailer: Mailer = {
    async send(message) {
      mails.push(message);
      return { kind: 'sent' };
    },
    close: async () => undefined,
  };
  return { mails, mailer };
}
