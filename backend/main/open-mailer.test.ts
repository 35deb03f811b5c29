import { afterEach, describe, expect, it } from 'vitest';
import { type MailServer, startMailServer } from '../tests/running/mail-server.ts';
import { mailHost, openMailer } from './open-mailer.ts';

let server: MailServer | undefined;
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

const unset = { smtpUrl: undefined, mailFrom: undefined, publicUrl: undefined };

async function senderOf(given: Partial<Parameters<typeof openMailer>[0]>): Promise<string | undefined> {
  server = await startMailServer();
  const mailer = await openMailer({ ...unset, smtpUrl: server.url, ...given });
  await mailer?.send({ to: 'anna@example.com', subject: 'x', text: 'x', messageId: '<x@example.com>' });
  await mailer?.close();
  return server.mails[0]?.parsed.from?.text;
}

describe('the mailer', () => {
  it('exists only if a mail server is set', async () => {
    expect(
      await openMailer({ ...unset, mailFrom: 'anna@example.com', publicUrl: 'https://example.com' }),
    ).toBeUndefined();
  });

  it('sends from the address in the settings', async () => {
    expect(await senderOf({ mailFrom: 'Some “Name” <a@example.com>' })).toBe('"Some “Name”" <a@example.com>');
  });

  it('sends from the public host by default', async () => {
    expect(await senderOf({ publicUrl: 'https://sound.example.org:8443/x' })).toBe(
      '"Soundlift" <no-reply@sound.example.org>',
    );
  });
});

it.each(['http://127.0.0.1:8080', 'http://[::1]', undefined])(
  'uses the name of this computer when %s has no domain',
  (publicUrl) => {
    expect(mailHost({ publicUrl })).toMatch(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
    expect(mailHost({ publicUrl })).not.toMatch(/^[0-9.]+$/);
  },
);
