import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { MailMessage } from '../ports/mailer.ts';
import { listenSomewhere } from '../tests/running/listen-somewhere.ts';
import { startMailServer } from '../tests/running/mail-server.ts';
import { createSmtpMailer, type MailTimeLimits } from './smtp-mailer.ts';

const from = 'Soundlift <no-reply@sound.example.org>';
const message: MailMessage = {
  to: 'anna@example.com',
  subject: 'talk.mp3 is ready',
  text: 'It is ready.\n.\nÜbung – 音',
  html: '<p>It is ready.</p>',
  messageId: '<one@sound.example.org>',
};

let cleanup = new AsyncDisposableStack();
afterEach(async () => {
  await cleanup.disposeAsync();
  cleanup = new AsyncDisposableStack();
});

function mailerFor(url: string, limits: Partial<MailTimeLimits> = {}) {
  const mailer = createSmtpMailer({ url, from, limits });
  cleanup.defer(() => mailer.close());
  return mailer;
}

/** A server on a port that is no mail server, as `onConnection` defines it. */
async function startOddServer(onConnection: (socket: Socket) => void): Promise<string> {
  const server = cleanup.use(await listenSomewhere(createServer(onConnection)));
  return `smtp://127.0.0.1:${server.port}`;
}

describe('a mail server that accepts everything', () => {
  it('gets the mail with both its parts', async () => {
    const server = cleanup.use(await startMailServer());
    expect(await mailerFor(server.url).send(message)).toEqual({ kind: 'sent' });
    const [mail] = server.mails;
    expect(mail?.to).toEqual(['anna@example.com']);
    expect(mail?.from).toBe('no-reply@sound.example.org');
    expect(mail?.parsed).toMatchObject({
      subject: message.subject,
      messageId: message.messageId,
      from: { value: [{ name: 'Soundlift', address: 'no-reply@sound.example.org' }] },
      to: { value: [{ name: '', address: 'anna@example.com' }] },
    });
    expect(mail?.parsed.text?.trim()).toBe(message.text);
    expect(mail?.parsed.html).toContain('<p>It is ready.</p>');
    expect(mail?.parsed.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail?.raw).not.toMatch(/nodemailer/i);
  });

  it('gets no header that a subject could forge', async () => {
    const server = cleanup.use(await startMailServer());
    const subject = 'a\r\nBcc: eve@example.com\r\n\r\n<script>\0\n.\nRSET\u2028Übung.mp3 is ready';
    await mailerFor(server.url).send({ ...message, subject });
    const [mail] = server.mails;
    const names = mail?.parsed.headerLines.map(({ key }) => key).toSorted();
    expect(names).toEqual(
      ['auto-submitted', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'].toSorted(),
    );
    expect(mail?.to).toEqual(['anna@example.com']);
    expect(mail?.parsed.subject).toContain('Bcc: eve@example.com <script> . RSET');
    expect(mail?.parsed.subject).toContain('Übung.mp3 is ready');
  });

  it.each([
    'anna@example.com, eve@example.com',
    'anna@example.com\r\nRCPT TO:<eve@example.com>',
    '<eve@example.com>',
    'anna',
    '',
    'Anna <anna@example.com>',
  ])('is not even asked for the address %j', async (to) => {
    const server = cleanup.use(await startMailServer());
    expect(await mailerFor(server.url).send({ ...message, to })).toMatchObject({ kind: 'refused' });
    expect(server.connections).toBe(0);
  });

  it('is not contacted for an invalid message id', async () => {
    const server = cleanup.use(await startMailServer());
    const messageId = '<one@sound.example.org>\r\nBcc: eve@example.com';
    expect(await mailerFor(server.url).send({ ...message, messageId })).toMatchObject({ kind: 'refused' });
    expect(server.connections).toBe(0);
  });

  it('accepts mail to an address with other characters than ASCII', async () => {
    const server = cleanup.use(await startMailServer());
    expect(await mailerFor(server.url).send({ ...message, to: 'jürgen@exämple.com' })).toEqual({ kind: 'sent' });
  });
});

describe('a mail server that refuses', () => {
  it('an address permanently ends the mail, with its reason on one line', async () => {
    const server = cleanup.use(
      await startMailServer({ recipient: () => ({ code: 550, words: '5.1.1 no such mailbox' }) }),
    );
    const outcome = await mailerFor(server.url).send(message);
    expect(outcome).toEqual({ kind: 'refused', reason: expect.stringMatching(/^550 5\.1\.1 no such mailbox$/) });
  });

  it('a message permanently ends the mail', async () => {
    const server = cleanup.use(await startMailServer({ message: () => ({ code: 554, words: 'that is spam' }) }));
    expect(await mailerFor(server.url).send(message)).toEqual({ kind: 'refused', reason: '554 that is spam' });
    expect(server.mails).toEqual([]);
  });

  it.each([
    ['an address', { recipient: () => ({ code: 450, words: 'greylisted' }) }, 450],
    ['a message', { message: () => ({ code: 452, words: 'the disk is full' }) }, 452],
  ])('%s for now lives, and is to be asked again', async (_what, conduct, replyCode) => {
    const server = cleanup.use(await startMailServer(conduct));
    await expect(mailerFor(server.url).send(message)).rejects.toMatchObject({
      name: 'AppError',
      code: 'unavailable',
      details: { replyCode },
    });
  });

  it.each([
    ['the address', { recipient: () => ({ code: 421, words: 'going down' }) }],
    ['the message', { message: () => ({ code: 421, words: 'going down' }) }],
  ])('everything for now (421), asked for %s, says nothing of this message', async (_what, conduct) => {
    const server = cleanup.use(await startMailServer(conduct));
    const failure = await mailerFor(server.url)
      .send(message)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unavailable', details: undefined });
  });

  it.each([530, 535])(
    'because we have to sign in (%d) is a problem of the settings, not of the address',
    async (code) => {
      const server = cleanup.use(await startMailServer({ recipient: () => ({ code, words: 'sign in' }) }));
      const failure = await mailerFor(server.url)
        .send(message)
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'unavailable', details: undefined });
    },
  );

  it('the sign-in never gets its password into an error', async () => {
    const account = { user: 'anna', password: 'pass%wörd/123' };
    const server = cleanup.use(await startMailServer({ account }));
    const wrong = 'wr%6Fng%20p%C3%A4ss';
    const url = server.url.replace(`anna:${account.password}`, `anna:${wrong}`);
    const failure = await mailerFor(url)
      .send(message)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unavailable', details: undefined });
    const told = everythingIn(failure);
    expect(told).toContain('535');
    for (const secret of ['wrong p', 'wr%6Fng', Buffer.from('wrong päss').toString('base64')]) {
      expect(told).not.toContain(secret);
    }
    expect(told).not.toContain(Buffer.from('\0anna\0wrong päss').toString('base64'));
  });
});

it('signs in with the user and password of the URL', async () => {
  const account = { user: 'anna@example.com', password: 'p:ss@/w rd' };
  const server = cleanup.use(await startMailServer({ account }));
  const url = `smtp://${encodeURIComponent(account.user)}:${encodeURIComponent(account.password)}@127.0.0.1:${server.port}`;
  expect(await mailerFor(url).send(message)).toEqual({ kind: 'sent' });
});

it('never sends a password to a server without encryption, unless the URL allows it', async () => {
  const heard: string[] = [];
  const plain = await startOddServer((socket) => {
    socket.on('error', () => undefined).write('220 here\r\n');
    socket.on('data', (data: Buffer) => {
      heard.push(data.toString());
      if (/^EHLO/i.test(data.toString())) socket.write('250-here\r\n250 AUTH PLAIN LOGIN\r\n');
      else socket.end('502 no\r\n');
    });
  });
  // A name of this computer that is not one of its well-known names.
  const remote = plain.replace('smtp://127.0.0.1', 'smtp://anna:secret@0.0.0.0');
  await expect(mailerFor(remote).send(message)).rejects.toMatchObject({ code: 'unavailable' });
  expect(heard.join('')).not.toMatch(/AUTH/);
  await expect(mailerFor(`${remote}/?ignoreTLS=true`).send(message)).rejects.toMatchObject({ code: 'unavailable' });
  expect(heard.join('')).toMatch(/AUTH/);
});

describe('a server that cannot be used for mail', () => {
  const failing = {
    name: 'AppError',
    code: 'unavailable',
    message: 'The mail server cannot be used.',
    details: undefined,
  };

  it('because nothing listens there is a temporary failure', async () => {
    const server = await startMailServer();
    await server[Symbol.asyncDispose]();
    await expect(mailerFor(server.url).send(message)).rejects.toMatchObject(failing);
  });

  it('because it sends no greeting is a temporary failure', async () => {
    const url = await startOddServer(() => undefined);
    await expect(mailerFor(url, { greetingSeconds: 0.1 }).send(message)).rejects.toMatchObject(failing);
  });

  it('because it stops answering is a temporary failure', async () => {
    const url = await startOddServer((socket) => void socket.on('error', () => undefined).write('220 here\r\n'));
    await expect(mailerFor(url, { silenceSeconds: 0.1 }).send(message)).rejects.toMatchObject(failing);
  });

  it('because it sends an endless reply is a temporary failure', async () => {
    const url = await startOddServer((socket) => {
      const timer = setInterval(() => socket.write('220-and\r\n'), 5);
      socket.on('error', () => undefined).on('close', () => clearInterval(timer));
    });
    const limits = { greetingSeconds: 60, silenceSeconds: 60, wholeSeconds: 0.2 };
    await expect(mailerFor(url, limits).send(message)).rejects.toMatchObject(failing);
  });

  it.each(['554 not you\r\n', 'HTTP/1.1 400 Bad Request\r\n\r\n', '\0\0\0\r\n'])(
    'because it greets with %j is a temporary failure',
    async (greeting) => {
      const url = await startOddServer((socket) => void socket.on('error', () => undefined).end(greeting));
      await expect(mailerFor(url).send(message)).rejects.toMatchObject(failing);
    },
  );

  it('because the connection breaks before the last reply is a temporary failure', async () => {
    const server = cleanup.use(await startMailServer({ diesAfterTaking: true }));
    await expect(mailerFor(server.url).send(message)).rejects.toMatchObject(failing);
    expect(server.mails).toHaveLength(1);
  });
});

describe('an abort', () => {
  it('ends an attempt with its reason', async () => {
    const server = cleanup.use(await startMailServer({ beforeTaking: () => new Promise(() => undefined) }));
    const aborting = new AbortController();
    const sending = mailerFor(server.url).send(message, aborting.signal);
    setTimeout(() => aborting.abort(new Error('enough')), 100);
    await expect(sending).rejects.toThrow('enough');
  });

  it('that happened before the call prevents a connection', async () => {
    const server = cleanup.use(await startMailServer());
    await expect(mailerFor(server.url).send(message, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(server.connections).toBe(0);
  });

  it('by closing the mailer ends all its attempts', async () => {
    const server = cleanup.use(await startMailServer({ beforeTaking: () => new Promise(() => undefined) }));
    const mailer = createSmtpMailer({ url: server.url, from });
    const sending = mailer.send(message);
    setTimeout(() => void mailer.close(), 100);
    await expect(sending).rejects.toMatchObject({ code: 'cancelled' });
    await expect(mailer.send(message)).rejects.toMatchObject({ code: 'cancelled' });
  });
});

/** All texts of an error and its causes, as a log would contain them. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.message, error.stack, JSON.stringify(error), everythingIn(error.cause)].join('\n');
}
