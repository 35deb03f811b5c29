import { type Auth, type AuthSettings, createAuth } from '../auth/auth.ts';
import type { Config } from '../config.ts';
import type { Mailer } from '../ports/mailer.ts';
import { mailHost } from './open-mailer.ts';
import type { Parts } from './parts.ts';

// Apart from the other services: hashing passwords needs a native module, which the app's bundle does not have.

type AuthServiceParts = Pick<Parts, 'users' | 'sessions' | 'codes' | 'rateLimit' | 'signingSecret' | 'clock' | 'log'>;

/** Opens auth: at `AUTH_URL` if that is set, otherwise in this process. `mailer` is absent if this server does not mail. */
export async function openAuth(
  parts: AuthServiceParts,
  config: AuthSettings & Pick<Config, 'authUrl' | 'jwtSecrets' | 'publicUrl'>,
  mailer: Mailer | undefined,
): Promise<Auth> {
  if (config.authUrl !== undefined) {
    // Loaded only when needed: it takes tens of megabytes of memory.
    const { createRemoteAuthentication } = await import('../http/remote-authentication.ts');
    return { ...createRemoteAuthentication({ url: config.authUrl }), [Symbol.asyncDispose]: async () => undefined };
  }
  return createAuth({
    ...parts,
    ...config,
    secrets: config.jwtSecrets ?? [await parts.signingSecret()],
    ...(mailer === undefined ? {} : { mail: { mailer, host: mailHost(config) } }),
  });
}
