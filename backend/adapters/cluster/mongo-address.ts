import { AuthMechanism, MongoClient } from 'mongodb';
import { z } from 'zod';
import { AppError } from '../../../shared/errors.ts';
import { isLoopbackHost } from '../../../shared/loopback-host.ts';
import { commandSeconds } from './mongo-calls.ts';
import { passwordComplaint } from './server-password.ts';

/** How long to look for a server that accepts writes. */
const selectionSeconds = 3;
/** The database if the URL names none. */
const defaultDatabase = 'soundlift';

/** Several hosts may be given, so it is no URL as the web has them. The database's name is the path. */
const addressSchema = z
  .string()
  .regex(/^mongodb(?:\+srv)?:\/\/(?:[^/?#@]+@)?[^/?#@]+(?:\/[^/?#]*)?(?:\?[^#]*)?$/)
  .transform((url) => ({ url, database: /^[^/]+\/\/[^/?]+\/([^?]+)/.exec(url)?.[1] ?? defaultDatabase }))
  .refine(({ database }) => /^[A-Za-z0-9_-]{1,63}$/.test(database));

/** A client, and the name of the database that its URL names. */
export interface MongoAddress {
  readonly client: MongoClient;
  readonly database: string;
}

/**
 * Reads `mongodb://USER:PASSWORD@HOST:PORT/DATABASE`, or the same with several hosts, with options, or with `mongodb+srv`. Connects to
 * nothing yet. Throws `invalid` with a sentence that does not show the URL, also for a server of another computer that needs no password
 * or has a weak one. Whatever the URL says, writes are acknowledged once they are in
 * the journals of the majority, and reads are from the primary and of what the majority has. So nothing that was read can be lost when
 * another machine becomes the primary.
 */
export function parseMongoAddress(text: string): MongoAddress {
  const { data } = addressSchema.safeParse(text);
  const client = data === undefined ? undefined : createClient(data.url);
  if (data === undefined || client === undefined) {
    throw new AppError(
      'invalid',
      'MONGODB_URL must be a URL such as mongodb://soundlift:PASSWORD@mongodb:27017/soundlift, with %40 for an @ in the password, and a database named by letters, digits, _ and -.',
    );
  }
  const complaint = signInComplaint(client);
  if (complaint !== undefined) throw new AppError('invalid', `MONGODB_URL must be ${complaint}.`);
  return { client, database: data.database };
}

/** These sign in with a certificate, a ticket or a role instead of a password. */
const withoutPassword: readonly string[] = [
  AuthMechanism.MONGODB_X509,
  AuthMechanism.MONGODB_AWS,
  AuthMechanism.MONGODB_OIDC,
  AuthMechanism.MONGODB_GSSAPI,
];

function signInComplaint({ options }: MongoClient): string | undefined {
  const { credentials, srvHost } = options;
  const hosts = srvHost === undefined ? options.hosts.map(({ host = 'localhost' }) => host) : [srvHost];
  if (credentials === undefined) {
    return hosts.every(isLoopbackHost)
      ? undefined
      : 'a URL with a user and a password, unless MongoDB is on this computer';
  }
  if (withoutPassword.includes(credentials.mechanism)) return undefined;
  return passwordComplaint({ hosts, user: credentials.username, password: credentials.password });
}

function createClient(url: string): MongoClient | undefined {
  try {
    return new MongoClient(url, {
      appName: 'soundlift',
      w: 'majority',
      journal: true,
      wtimeoutMS: commandSeconds * 1000,
      readPreference: 'primary',
      readConcernLevel: 'majority',
      serverSelectionTimeoutMS: selectionSeconds * 1000,
      // Counts for the driver's heartbeats, too. After a late one it gives up all that it waits for.
      connectTimeoutMS: commandSeconds * 1000,
      socketTimeoutMS: commandSeconds * 1000,
      // As in JSON.
      ignoreUndefined: true,
    });
  } catch {
    // The driver's error may have parts of the URL in it.
    return undefined;
  }
}
