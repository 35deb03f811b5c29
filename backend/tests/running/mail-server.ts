import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { type Patience, waitUntil } from './wait-until.ts';

/** A mail that the server received. */
export interface ReceivedMail {
  /** Recipients from the envelope, not from the header. */
  readonly to: readonly string[];
  readonly from: string;
  /** The message as received. */
  readonly raw: string;
  readonly parsed: ParsedMail;
}

/** The code of an SMTP refusal: `550`, `451`. */
export interface MailReply {
  readonly code: number;
  readonly words?: string;
}

/** How the server behaves; may be changed while it runs. */
export interface MailServerConduct {
  /** The answer to `RCPT TO`; undefined accepts it. The client waits for it. */
  recipient?: (address: string) => MailReply | undefined | Promise<MailReply | undefined>;
  /** The answer at the end of the message; undefined accepts it. */
  message?: () => MailReply | undefined;
  /** Awaited before a mail is accepted. */
  beforeTaking?: () => Promise<void>;
  /** If true, the server keeps the mail but breaks the connection instead of answering. */
  diesAfterTaking?: boolean;
}

/** A real SMTP server. */
export interface MailServer extends AsyncDisposable {
  /** `smtp://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly conduct: MailServerConduct;
  /** The received mails in order. */
  readonly mails: readonly ReceivedMail[];
  /** The number of connections so far. */
  readonly connections: number;
  /** Waits until it has received this many mails. */
  received(count: number, patience?: Patience): Promise<readonly ReceivedMail[]>;
}

export interface MailServerOptions extends MailServerConduct {
  /** A fixed port, to replace a server that was down. Defaults to any free port. */
  readonly port?: number;
  /** Accepts only this account. Defaults to anyone. */
  readonly account?: { readonly user: string; readonly password: string };
}

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { port = 0, account, ...given } = options;
  const conduct: MailServerConduct = { ...given };
  const mails: ReceivedMail[] = [];
  const seen = { connections: 0 };
  const server = new SMTPServer({
    disabledCommands: account === undefined ? ['AUTH', 'STARTTLS'] : ['STARTTLS'],
    allowInsecureAuth: true,
    authOptional: account === undefined,
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect(_session, callback) {
      seen.connections += 1;
      callback();
    },
    onAuth({ username, password }, _session, callback) {
      if (username === account?.user && password === account?.password) callback(null, { user: username });
      else callback(refusal({ code: 535, words: `not with ${password}` }));
    },
    onRcptTo({ address }, _session, callback) {
      void Promise.resolve(conduct.recipient?.(address)).then((reply) => {
        callback(reply === undefined ? null : refusal(reply));
      });
    },
    onData(stream, { envelope }, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const reply = conduct.message?.();
        if (reply !== undefined) return callback(refusal(reply));
        const raw = Buffer.concat(chunks);
        const { mailFrom, rcptTo } = envelope;
        void Promise.all([simpleParser(raw), conduct.beforeTaking?.()]).then(([parsed]) => {
          mails.push({
            to: rcptTo.map(({ address }) => address),
            from: mailFrom === false ? '' : mailFrom.address,
            raw: raw.toString(),
            parsed,
          });
          if (conduct.diesAfterTaking) breakAll();
          else callback();
        });
      });
    },
  });
  // Some tests are about clients that disconnect in the middle.
  server.on('error', () => undefined);

  function breakAll(): void {
    for (const connection of server.connections) connection.close();
  }

  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: taken } = server.server.address() as AddressInfo;
  return {
    url: `smtp://${account === undefined ? '' : `${account.user}:${account.password}@`}127.0.0.1:${taken}`,
    port: taken,
    conduct,
    mails,
    get connections() {
      return seen.connections;
    },
    received: (count, patience) =>
      waitUntil(`${count} mails were received`, () => (mails.length >= count ? mails : undefined), patience),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function refusal({ code, words = 'no' }: MailReply): Error {
  return Object.assign(new Error(words), { responseCode: code });
}
