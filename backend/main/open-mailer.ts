import { hostname } from 'node:os';
import type { Config } from '../config.ts';
import type { Mailer } from '../ports/mailer.ts';

/** Opens the mailer that the settings describe. Undefined if mail is off. */
export async function openMailer(
  config: Pick<Config, 'smtpUrl' | 'mailFrom' | 'publicUrl'>,
): Promise<Mailer | undefined> {
  const { smtpUrl, mailFrom } = config;
  if (smtpUrl === undefined) return undefined;
  // Loaded only when needed: it takes tens of megabytes of memory.
  const { createSmtpMailer } = await import('../adapters/smtp-mailer.ts');
  return createSmtpMailer({ url: smtpUrl, from: mailFrom ?? `Soundlift <no-reply@${mailHost(config)}>` });
}

/** This server's domain in mail addresses and message ids. */
export function mailHost({ publicUrl }: Pick<Config, 'publicUrl'>): string {
  // A bare IP address is not a domain for mail (RFC 5321 wants brackets around it).
  const name = publicUrl === undefined ? '' : new URL(publicUrl).hostname;
  return /^[a-z0-9.-]*[a-z][a-z0-9-]*$/i.test(name) ? name : domainOf(hostname());
}

/** Turns a computer's name, which may hold any character, into a domain. */
function domainOf(name: string): string {
  return (
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]+/g, '-')
      .replaceAll(/^[.-]+|[.-]+$/g, '') || 'localhost'
  );
}
