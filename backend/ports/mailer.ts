/** One message to one address. No field may hold a line break but `text` and `html`. */
export interface MailMessage {
  /** An e-mail address alone. */
  readonly to: string;
  readonly subject: string;
  /** Plain text, with `\n` between lines. */
  readonly text: string;
  readonly html?: string;
  /** `<…@…>`: the same for each try, so that a mailbox can tell that it has it. */
  readonly messageId: string;
}

/** What the mail server said for good. */
export type MailOutcome = { readonly kind: 'sent' } | { readonly kind: 'refused'; readonly reason: string };

/** Hands messages to a mail server. */
export interface Mailer {
  /**
   * Throws `unavailable` for what will pass: the server cannot be used at all, or, with `details.replyCode`, lives and asks to
   * try this message later (4xx). An abort throws the signal's reason.
   */
  send(message: MailMessage, signal?: AbortSignal): Promise<MailOutcome>;
  close(): Promise<void>;
}
