import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { type Patience, waitUntil } from './wait-until.ts';

/** A mail that the server has taken. */
export interface ReceivedMail {
  /** From the envelope, not from the header. */
  readonly to: readonly string[];
  readonly from: string;
  /** As it came over the line. */
  readonly raw: string;
  readonly parsed: ParsedMail;
}

/** A refusal as SMTP says it: `550`, `451`. */
export interface MailReply {
  readonly code: number;
  readonly words?: string;
}

/** What the server does; may be changed while it runs. */
export interface MailServerConduct {
  /** The answer to `RCPT TO`; undefined takes it. */
  recipient?: (address: string) => MailReply | undefined;
  /** The answer after the message's end; undefined takes it. */
  message?: () => MailReply | undefined;
  /** Waited for before a mail is taken. */
  beforeTaking?: () => Promise<void>;
  /** After the whole mail has come, and was kept, the connection breaks instead of an answer. */
  diesAfterTaking?: boolean;
}

/** A real SMTP server. */
export interface MailServer extends AsyncDisposable {
  /** `smtp://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly conduct: MailServerConduct;
  /** What it has taken, in that order. */
  readonly mails: readonly ReceivedMail[];
  /** How often it was connected to. */
  readonly connections: number;
  /** Waits until it has taken so many. */
  received(count: number, patience?: Patience): Promise<readonly ReceivedMail[]>;
}

export interface MailServerOptions extends MailServerConduct {
  /** A certain port, where one was down before; any free one without. */
  readonly port?: number;
  /** Takes nobody else; anyone without. */
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
      const reply = conduct.recipient?.(address);
      callback(reply === undefined ? null : refusal(reply));
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
  // A client that goes away in the middle is what some tests are about.
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
      waitUntil(`${count} mails have come`, () => (mails.length >= count ? mails : undefined), patience),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function refusal({ code, words = 'no' }: MailReply): Error {
  return Object.assign(new Error(words), { responseCode: code });
}
