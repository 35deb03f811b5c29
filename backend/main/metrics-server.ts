import { AppError } from '../../shared/errors.ts';
import { isLoopbackHost } from '../../shared/loopback-host.ts';
import type { Config } from '../config.ts';
import { createApp } from '../http/app.ts';
import { type RunningServer, startServer } from '../http/server.ts';
import type { Metrics } from './metrics.ts';
import type { Parts } from './parts.ts';

/** A few collectors. Their descriptors are among those that the process keeps for itself. */
const connections = { perClient: 16, inAll: 16 };

/** The metrics of this process; undefined if the settings name no port for them. */
export async function openMetrics({ metricsPort }: Pick<Config, 'metricsPort'>): Promise<Metrics | undefined> {
  // Loaded only when needed: it takes tens of megabytes of memory.
  return metricsPort === undefined ? undefined : (await import('./metrics.ts')).createMetrics();
}

/** Serves the metrics on their own host and port. */
export async function serveMetrics(
  metrics: Metrics,
  { metricsPort: port = 0, metricsHost: host, trustedProxies }: Config,
  { conversions, log }: Pick<Parts, 'conversions' | 'log'>,
): Promise<RunningServer> {
  const routes = [metrics.route(conversions)];
  const authentication = { identify: () => Promise.reject(new AppError('unauthorized', 'Nobody can sign in here.')) };
  const app = createApp({ routes, authentication, hosts: { loopback: isLoopbackHost(host) }, trustedProxies, log });
  const settings = { host: 'METRICS_HOST', port: 'METRICS_PORT' };
  return await startServer(app, { host, port, settings, log, connections: { ...connections, trustedProxies } });
}
