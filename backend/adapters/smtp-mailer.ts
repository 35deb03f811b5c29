import { isIP } from 'node:net';
import { createTransport, type SMTPTransportOptions } from 'nodemailer';
import { AppError } from '../../shared/errors.ts';
import type { Mailer, MailMessage, MailOutcome } from '../ports/mailer.ts';

/** Time limits while a mail is sent, in seconds. */
export interface MailTimeLimits {
  /** For the connection, including the DNS lookup. */
  readonly connectSeconds: number;
  /** For the server's greeting. */
  readonly greetingSeconds: number;
  /** For any other reply. Servers scan a mail for viruses before they reply to it. */
  readonly silenceSeconds: number;
  /** For the whole session. */
  readonly wholeSeconds: number;
}

export interface SmtpMailerOptions {
  /** `smtp://user:password@host:port` or `smtps://…`. */
  readonly url: string;
  /** The sender of mails: `Soundlift <no-reply@example.org>`. */
  readonly from: string;
  readonly limits?: Partial<MailTimeLimits>;
}

const defaultLimits: MailTimeLimits = {
  connectSeconds: 15,
  greetingSeconds: 15,
  silenceSeconds: 60,
  wholeSeconds: 120,
};

/** The rest of a longer reply adds nothing useful. */
const longestReason = 300;

/**
 * Mail over SMTP, with one connection for each message. The server's certificate is checked, also when TLS starts with STARTTLS.
 */
export function createSmtpMailer({ url, from, limits: given = {} }: SmtpMailerOptions): Mailer {
  const limits = { ...defaultLimits, ...given };
  const transport = createTransport(
    {
      url,
      ...(mustEncrypt(url) ? { requireTLS: true } : {}),
      connectionTimeout: limits.connectSeconds * 1000,
      dnsTimeout: limits.connectSeconds * 1000,
      greetingTimeout: limits.greetingSeconds * 1000,
      socketTimeout: limits.silenceSeconds * 1000,
      disableFileAccess: true,
      disableUrlAccess: true,
    } satisfies SMTPTransportOptions,
    { from, xMailer: false },
  );
  const closing = new AbortController();
  const redact = redactorOf(url);

  return {
    async send(message, signal) {
      const fault = faultOf(message);
      if (fault !== undefined) return { kind: 'refused', reason: fault };
      const { to, subject, text, html, messageId } = message;
      const outer = signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal]);
      outer.throwIfAborted();
      const whole = AbortSignal.any([outer, AbortSignal.timeout(limits.wholeSeconds * 1000)]);
      try {
        await transport.sendMail({
          to: { name: '', address: to },
          subject: subject.replaceAll(/\p{Cc}+/gu, ' '),
          text,
          ...(html === undefined ? {} : { html }),
          messageId,
          // RFC 3834: automatic replies are not wanted.
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal: whole,
        });
        return { kind: 'sent' };
      } catch (error) {
        outer.throwIfAborted();
        return outcomeOf(error, redact);
      }
    },
    async close() {
      closing.abort(new AppError('cancelled', 'The mailer is closed.'));
      transport.close();
    },
  };
}

/** The fields of nodemailer's errors. */
interface SmtpFailure {
  readonly message: string;
  readonly code: string;
  /** The reply code of the server, 0 if it gave none. */
  readonly replyCode: number;
  readonly response: string;
}

/** Throws for temporary failures. */
function outcomeOf(error: unknown, redact: (text: string) => string): MailOutcome {
  const failure = failureOf(error, redact);
  const ofThisMessage = failure.code === 'EENVELOPE' || failure.code === 'EMESSAGE';
  if (ofThisMessage && isForGood(failure)) return { kind: 'refused', reason: failure.response || failure.message };
  // The driver's own error is not kept, because a server may repeat a password in its reply.
  const cause = new Error(failure.message);
  cause.stack = `${failure.code}: ${failure.message}`;
  // 421: the server closes the connection, regardless of the command (RFC 5321, section 3.8).
  const serverLives = ofThisMessage && failure.replyCode >= 400 && failure.replyCode < 500 && failure.replyCode !== 421;
  throw new AppError(
    'unavailable',
    serverLives ? 'The mail server asks to try again later.' : 'The mail server cannot be used.',
    { cause, ...(serverLives ? { details: { replyCode: failure.replyCode } } : {}) },
  );
}

/**
 * Whether a failure is permanent for this message. Of the 5xx replies, 503 (a session out of step) and 530, 534, 535 and 538 (we
 * have to sign in; RFC 4954, section 6) are not: they concern our settings, not the message. Without a reply, nodemailer itself
 * refused the message.
 */
function isForGood({ replyCode }: SmtpFailure): boolean {
  return replyCode === 0 || (replyCode >= 500 && ![503, 530, 534, 535, 538].includes(replyCode));
}

function failureOf(error: unknown, redact: (text: string) => string): SmtpFailure {
  if (!(error instanceof Error)) return { message: 'an unknown failure', code: '', replyCode: 0, response: '' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const replyCode = 'responseCode' in error ? Number(error.responseCode) || 0 : 0;
  const response = 'response' in error && typeof error.response === 'string' ? error.response : '';
  return { message: redact(error.message), code, replyCode, response: redact(response) };
}

/** Puts the text on one line and removes the password, in every form in which it is sent (RFC 4616, RFC 4954). */
function redactorOf(url: string): (text: string) => string {
  const { username, password } = new URL(url);
  const [user, pass] = [decode(username), decode(password)];
  const secrets =
    pass === ''
      ? []
      : [pass, password, Buffer.from(pass).toString('base64'), Buffer.from(`\0${user}\0${pass}`).toString('base64')];
  return (text) => {
    const hidden = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
    return hidden.replaceAll(/\p{Cc}+/gu, ' ').slice(0, longestReason);
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** An attacker on the network could remove STARTTLS and read the password. TLS settings in the URL take precedence. */
function mustEncrypt(url: string): boolean {
  const { protocol, username, hostname: name, searchParams } = new URL(url);
  // An URL that is not a web address keeps the case in which it was typed.
  const hostname = name.toLowerCase();
  const local =
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
  const said = ['secure', 'requireTLS', 'ignoreTLS', 'opportunisticTLS'].some((name) => searchParams.has(name));
  return protocol === 'smtp:' && username !== '' && !local && !said;
}

/** Accepts one address and one id, so that neither can contain other SMTP commands. */
function faultOf({ to, messageId }: MailMessage): string | undefined {
  if (!/^[^\s<>(),;:\\"[\]\p{Cc}]+@[^\s<>(),;:\\"[\]@\p{Cc}]+$/u.test(to)) return 'That is not one e-mail address.';
  if (!/^<[^\s<>@\p{Cc}]+@[^\s<>@\p{Cc}]+>$/u.test(messageId)) return 'That is not an id of a message.';
  return undefined;
}
