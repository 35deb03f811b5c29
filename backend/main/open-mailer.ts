import { hostname } from 'node:os';
import type { Config } from '../config.ts';
import type { Mailer } from '../ports/mailer.ts';

/** The mailer that the settings ask for; undefined where mail is off. */
export async function openMailer(
  config: Pick<Config, 'smtpUrl' | 'mailFrom' | 'publicUrl'>,
): Promise<Mailer | undefined> {
  const { smtpUrl, mailFrom } = config;
  if (smtpUrl === undefined) return undefined;
  // Tens of megabytes that most servers never need.
  const { createSmtpMailer } = await import('../adapters/smtp-mailer.ts');
  return createSmtpMailer({ url: smtpUrl, from: mailFrom ?? `Soundlift <no-reply@${mailHost(config)}>` });
}

/** The name that mail gives this server, in addresses and ids. */
export function mailHost({ publicUrl }: Pick<Config, 'publicUrl'>): string {
  // An address in numbers is no domain of a mail's address (RFC 5321 wants brackets around it).
  const name = publicUrl === undefined ? '' : new URL(publicUrl).hostname;
  return /^[a-z0-9.-]*[a-z][a-z0-9-]*$/i.test(name) ? name : domainOf(hostname());
}

/** What a system is called may be anything. */
function domainOf(name: string): string {
  return (
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]+/g, '-')
      .replaceAll(/^[.-]+|[.-]+$/g, '') || 'localhost'
  );
}
