import { z } from 'zod';
import { AppError } from '../../../shared/errors.ts';
import { isLoopbackHost } from '../../../shared/loopback-host.ts';
import { passwordComplaint } from './server-password.ts';

/** Where RabbitMQ is, and who we are there. */
export interface RabbitAddress {
  readonly protocol: 'amqp' | 'amqps';
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
}

const urlSchema = z.string().transform((text, context): RabbitAddress => {
  const url = parseUrl(text);
  if (url === undefined) {
    context.addIssue(
      'a URL that begins with amqp:// or amqps://, such as amqps://USER:PASSWORD@HOST/VHOST, without a query or a fragment',
    );
    return z.NEVER;
  }
  const { hostname, username, password } = url;
  // RabbitMQ itself lets guest sign in from its own computer alone, as long as nobody changes that.
  const isGuest = username === 'guest';
  if (isGuest && isLoopbackHost(hostname)) return url;
  const complaint = isGuest
    ? 'a URL with a user of your own: guest is only for a RabbitMQ on this computer'
    : passwordComplaint({ hosts: [hostname], user: username, password });
  if (complaint !== undefined) context.addIssue(complaint);
  return url;
});

/** Parses RABBITMQ_URL. Throws `invalid`; its message says what is expected, and not the value, which has a password. */
export function parseRabbitUrl(text: string): RabbitAddress {
  const { success, data, error } = urlSchema.safeParse(text);
  if (success) return data;
  throw new AppError('invalid', `RABBITMQ_URL must be ${error.issues[0]?.message}.`);
}

/** By the AMQP URI specification (https://www.rabbitmq.com/docs/uri-spec), except that an empty vhost means `/`. */
function parseUrl(text: string): RabbitAddress | undefined {
  const url = /^amqps?:\/\//.test(text) && !/[\s?#]/.test(text) ? URL.parse(text) : null;
  const hostname = decode(url?.hostname.replace(/^\[(.*)\]$/, '$1'));
  const hasUser = url?.username !== '' || url.password !== '';
  const username = hasUser ? decode(url?.username) : 'guest';
  const password = hasUser ? decode(url?.password) : 'guest';
  const vhost = decode(url?.pathname.slice(1));
  if (url === null || !hostname || username === undefined || password === undefined || vhost === undefined) return;
  if (url.pathname.slice(1).includes('/')) return;
  const isSecure = url.protocol === 'amqps:';
  return {
    protocol: isSecure ? 'amqps' : 'amqp',
    hostname,
    port: Number(url.port) || (isSecure ? 5671 : 5672),
    username,
    password,
    vhost: vhost === '' ? '/' : vhost,
  };
}

function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
