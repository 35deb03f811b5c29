import { once } from 'node:events';
import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createApp } from '../http/app.ts';
import type { Authentication } from '../http/authentication.ts';
import { startServer } from '../http/server.ts';
import { type EmbeddedBackend, startEmbedded } from './embedded.ts';
import { limitYoungMemory } from './limit-young-memory.ts';
import type { Metrics } from './metrics.ts';
import { openAuthentication } from './open-authentication.ts';
import { openMailer } from './open-mailer.ts';

export interface ServeOptions {
  readonly config: Config;
  /** Soundlift's own, for whoever asks the server. */
  readonly version: string;
  /** Where the line `listening on URL` goes. */
  readonly say: (line: string) => void;
  /** Ends the server. */
  readonly signal: AbortSignal;
}

/**
 * Runs the embedded backend behind its HTTP interface until `signal` fires. Throws an AppError where it cannot start: `data_in_use`,
 * `unavailable`.
 */
export async function serve({ config, version, say, signal }: ServeOptions): Promise<void> {
  limitYoungMemory();
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  await using running = new AsyncDisposableStack();
  const mailer = await openMailer(config);
  running.defer(() => mailer?.close());
  const backend = running.use(
    await startEmbedded({ ...config, waitsForSpace: true, sendsMail: mailer !== undefined }, log),
  );
  const authentication = await openAuthentication(config, { backend, mailer, log });
  const metrics = await startMetrics(config, { backend, authentication, log });
  running.defer(() => metrics?.[Symbol.asyncDispose]());
  if (metrics !== undefined) say(`metrics on ${metrics.url}/metrics`);
  const { loopback, publicUrl, signUp, maxUploadBytes, maxDurationSeconds } = config;
  const gateway = createGateway({
    conversions: backend.conversions.owned,
    uploads: backend.conversions.uploads,
    notifications: backend.conversions.notifications,
    changes: backend.conversions.changes,
    authentication,
    settings: { version, signUp, mail: mailer !== undefined, maxUploadBytes, maxDurationSeconds },
    hosts: { loopback, ...(publicUrl === undefined ? {} : { publicUrl }) },
    trustedProxies: config.trustedProxies,
    log,
    ...(metrics === undefined ? {} : { onAnswer: metrics.countAnswer }),
    reachAll: backend.reachAll,
  });
  const server = await startServer(gateway.app, { host: config.host, port: config.port, log });
  running.defer(() => server.close());
  running.defer(() => gateway.close());
  if (mailer !== undefined) {
    const { runMail } = await import('./run-mail.ts');
    const outbox = runMail({ backend, authentication, mailer, config, listeningUrl: server.url, log });
    running.defer(() => outbox.stop());
  }
  say(`listening on ${server.url}`);
  if (!signal.aborted) await once(signal, 'abort');
}

interface RunningMetrics extends AsyncDisposable, Pick<Metrics, 'countAnswer'> {
  readonly url: string;
}

/** Tells metrics on their own port, where the settings name one. */
async function startMetrics(
  { metricsPort: port, host, loopback, trustedProxies }: Config,
  parts: { readonly backend: EmbeddedBackend; readonly authentication: Authentication; readonly log: Logger },
): Promise<RunningMetrics | undefined> {
  if (port === undefined) return undefined;
  // Tens of megabytes that most servers never need.
  const { createMetrics } = await import('./metrics.ts');
  const { backend, authentication, log } = parts;
  const metrics = createMetrics(backend);
  const app = createApp({ routes: [metrics.route], authentication, hosts: { loopback }, trustedProxies, log });
  const server = await startServer(app, { host, port, log });
  return {
    url: server.url,
    countAnswer: metrics.countAnswer,
    async [Symbol.asyncDispose]() {
      await server.close();
      metrics.close();
    },
  };
}
