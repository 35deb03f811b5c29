import { once } from 'node:events';
import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createApp } from '../http/app.ts';
import type { Authentication } from '../http/authentication.ts';
import type { Route } from '../http/routes.ts';
import { type RunningServer, startServer } from '../http/server.ts';
import { startEmbedded } from './embedded.ts';
import { limitYoungMemory } from './limit-young-memory.ts';
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
  // Tens of megabytes that most servers never need.
  const metrics = config.metricsPort === undefined ? undefined : (await import('./metrics.ts')).createMetrics();
  const counted = metrics === undefined ? {} : { onTransition: metrics.countTransition };
  const backend = running.use(
    await startEmbedded({ ...config, waitsForSpace: true, sendsMail: mailer !== undefined, ...counted }, log),
  );
  const authentication = await openAuthentication(config, { backend, mailer, log });
  if (metrics !== undefined) {
    const metricsServer = await serveMetrics(config, metrics.route(backend.store), { authentication, log });
    running.defer(() => metricsServer.close());
    say(`metrics on ${metricsServer.url}/metrics`);
  }
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

/** Tells metrics on their own port. */
async function serveMetrics(
  { metricsPort: port = 0, host, loopback, trustedProxies }: Config,
  route: Route,
  { authentication, log }: { readonly authentication: Authentication; readonly log: Logger },
): Promise<RunningServer> {
  const app = createApp({ routes: [route], authentication, hosts: { loopback }, trustedProxies, log });
  return await startServer(app, { host, port, log });
}
