import { z } from 'zod';
import { AppError } from '../../../shared/errors.ts';
import { passwordComplaint } from './server-password.ts';

/** Where a database is, and as whom to use it. */
export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const addressSchema = z.string().transform((text, context): MysqlAddress => {
  const address = parse(text);
  if (address === undefined) {
    context.addIssue('a URL such as mysql://auth_user:PASSWORD@HOST:3306/auth, without a query or a fragment');
    return z.NEVER;
  }
  const complaint = passwordComplaint({ ...address, hosts: [address.host] });
  if (complaint !== undefined) context.addIssue(complaint);
  return address;
});

/** Parses MYSQL_URL. Throws `invalid`; its message says what is expected, and not the value, which has a password. */
export function parseMysqlAddress(text: string): MysqlAddress {
  const { success, data, error } = addressSchema.safeParse(text);
  if (success) return data;
  throw new AppError('invalid', `MYSQL_URL must be ${error.issues[0]?.message}.`);
}

function parse(text: string): MysqlAddress | undefined {
  const url = /^mysql:\/\/[^\s?#]+$/.test(text) ? URL.parse(text) : null;
  // An IPv6 address has brackets only in a URL.
  const host = decode(url?.hostname.replace(/^\[(.*)\]$/, '$1'));
  const user = decode(url?.username);
  const password = decode(url?.password);
  const path = url?.pathname.slice(1);
  const database = decode(path);
  if (url === null || path?.includes('/') || !host || !user || !password || !database) return undefined;
  return { host, port: Number(url.port) || 3306, user, password, database };
}

function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
