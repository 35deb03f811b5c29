/** One message to one address. Only `text` and `html` may contain line breaks. */
export interface MailMessage {
  /** A bare e-mail address. */
  readonly to: string;
  readonly subject: string;
  /** Plain text, with `\n` between lines. */
  readonly text: string;
  readonly html?: string;
  /** `<…@…>`: the same for each attempt, so that a mailbox recognises a mail that it already has. */
  readonly messageId: string;
}

/** The final reply of the mail server. */
export type MailOutcome = { readonly kind: 'sent' } | { readonly kind: 'refused'; readonly reason: string };

/** Sends messages to a mail server. */
export interface Mailer {
  /**
   * Throws `unavailable` for temporary failures: the server cannot be used at all, or, with `details.replyCode`, it works and
   * asks to try this message later (4xx). An abort throws the signal's reason.
   */
  send(message: MailMessage, signal?: AbortSignal): Promise<MailOutcome>;
  close(): Promise<void>;
}
