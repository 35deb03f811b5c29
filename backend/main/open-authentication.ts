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
  /** Undefined if this server does not mail. */
  readonly mailer: Mailer | undefined;
  readonly log: Logger;
}

/** Opens auth: at `AUTH_URL` if that is set, otherwise in this process, over the embedded backend's accounts. */
export async function openAuthentication(
  config: Pick<Config, 'authUrl' | 'jwtSecrets' | 'loginTokenSeconds' | 'signUp' | 'publicUrl'>,
  { backend, mailer, log }: AuthenticationParts,
): Promise<Authentication> {
  if (config.authUrl !== undefined) {
    // Loaded only when needed: it takes tens of megabytes of memory.
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
