import { once } from 'node:events';
import { pino } from 'pino';
import type { Config } from '../config.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createApp } from '../http/app.ts';
import { startServer } from '../http/server.ts';
import { startEmbedded } from './embedded.ts';
import { limitYoungMemory } from './limit-young-memory.ts';
import { createMetrics } from './metrics.ts';
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
  const mailer = openMailer(config);
  running.defer(() => mailer?.close());
  const backend = running.use(await startEmbedded({ ...config, waitsForSpace: true }, log));
  const authentication = await openAuthentication(config, { backend, mailer, log });
  const metrics = config.metricsPort === undefined ? undefined : createMetrics(backend);
  running.defer(() => metrics?.close());
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
  if (metrics !== undefined && config.metricsPort !== undefined) {
    const { host, trustedProxies, metricsPort: port } = config;
    const app = createApp({ routes: [metrics.route], authentication, hosts: { loopback }, trustedProxies, log });
    const metricsServer = await startServer(app, { host, port, log });
    running.defer(() => metricsServer.close());
    say(`metrics on ${metricsServer.url}/metrics`);
  }
  const server = await startServer(gateway.app, { host: config.host, port: config.port, log });
  running.defer(() => server.close());
  running.defer(() => gateway.close());
  say(`listening on ${server.url}`);
  if (!signal.aborted) await once(signal, 'abort');
}
