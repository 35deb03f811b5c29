import type { MailFacts } from '../conversions/outbox-mails.ts';
import type { MailMessage } from '../ports/mailer.ts';
import { batchMailHtml } from './batch-mail-html.ts';
import { batchMailText } from './batch-mail-text.ts';
import { type MailContext, mailContent } from './mail-content.ts';

/** The mail about a batch. `facts` must name at least one conversion. */
export function batchMail(
  facts: MailFacts,
  context: MailContext,
): Pick<MailMessage, 'subject' | 'text'> & { html: string } {
  const content = mailContent(facts, context);
  return { subject: content.subject, text: batchMailText(content), html: batchMailHtml(content) };
}
