import type { Logger } from 'pino';
import { createMemoryRateLimit } from '../adapters/embedded/memory-rate-limit.ts';
import { createAuth } from '../auth/auth.ts';
import { keepSigningSecret } from '../auth/signing-key.ts';
import type { Config } from '../config.ts';
import type { Authentication } from '../http/authentication.ts';
import { systemClock } from '../ports/clock.ts';
import type { Mailer } from '../ports/mailer.ts';
import type { EmbeddedBackend } from './embedded.ts';
import { mailHost } from './open-mailer.ts';

export interface AuthenticationParts {
  readonly backend: Pick<EmbeddedBackend, 'users' | 'sessions' | 'codes' | 'dataFolder'>;
  /** Left out where this server does not mail. */
  readonly mailer: Mailer | undefined;
  readonly log: Logger;
}

/** auth where the settings say it is: behind `AUTH_URL`, or in this process, over the accounts of the embedded backend. */
export async function openAuthentication(
  config: Pick<Config, 'authUrl' | 'jwtSecrets' | 'loginTokenSeconds' | 'signUp' | 'publicUrl'>,
  { backend, mailer, log }: AuthenticationParts,
): Promise<Authentication> {
  if (config.authUrl !== undefined) {
    // Tens of megabytes that most servers never need.
    const { createRemoteAuthentication } = await import('../http/remote-authentication.ts');
    return createRemoteAuthentication({ url: config.authUrl });
  }
  return createAuth({
    ...backend,
    rateLimit: createMemoryRateLimit(systemClock),
    secrets: config.jwtSecrets ?? [await keepSigningSecret(backend.dataFolder)],
    loginTokenSeconds: config.loginTokenSeconds,
    signUp: config.signUp,
    ...(mailer === undefined ? {} : { mail: { mailer, host: mailHost(config) } }),
    clock: systemClock,
    log,
  });
}
