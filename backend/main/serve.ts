import { once } from 'node:events';
import { type Logger, pino } from 'pino';
import { openLimits } from '../client-limits.ts';
import type { Config } from '../config.ts';
import { locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createApp } from '../http/app.ts';
import type { Authentication } from '../http/authentication.ts';
import type { Route } from '../http/routes.ts';
import { type RunningServer, startServer } from '../http/server.ts';
import { descriptorLimit } from './descriptor-limit.ts';
import { openEmbeddedParts } from './embedded-parts.ts';
import { limitYoungMemory } from './limit-young-memory.ts';
import { openAuth } from './open-auth.ts';
import { mailHost, openMailer } from './open-mailer.ts';
import type { Parts } from './parts.ts';
import { startConverterService, startNotifierService, startOwnerSide } from './services.ts';

export interface ServeOptions {
  readonly config: Config;
  /** Soundlift's version, for clients that query the server. */
  readonly version: string;
  /** Where the line `listening on URL` goes. */
  readonly say: (line: string) => void;
  /** Ends the server. */
  readonly signal: AbortSignal;
}

/**
 * Runs the embedded backend with its HTTP interface until `signal` fires. Throws an AppError if it cannot start: `data_in_use`,
 * `unavailable`.
 */
export async function serve({ config, version, say, signal }: ServeOptions): Promise<void> {
  limitYoungMemory();
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  const binaries = await locateFfmpeg({
    searchPath: process.env['PATH'] ?? '',
    ffmpegPath: config.ffmpegPath,
  });
  await using running = new AsyncDisposableStack();
  const mailer = await openMailer(config);
  running.defer(() => mailer?.close());
  // Loaded only when needed: it takes tens of megabytes of memory.
  const metrics = config.metricsPort === undefined ? undefined : (await import('./metrics.ts')).createMetrics();
  const opened = running.use(await openEmbeddedParts(config.dataFolder, log));
  const parts = metrics === undefined ? opened : { ...opened, onTransition: metrics.countTransition };
  const authentication = await openAuth(parts, config, mailer);
  if (metrics !== undefined) {
    const metricsServer = await serveMetrics(config, metrics.route(parts.conversions), { authentication, log });
    running.defer(() => metricsServer.close());
    say(`metrics on ${metricsServer.url}/metrics`);
  }
  const owners = running.use(await startOwnerSide(parts, config));
  const converter = await startConverterService(parts, { ...config, binaries, waitsForSpace: true });
  running.defer(() => converter.stop());
  const { loopback, publicUrl } = config;
  const limits = openLimits(descriptorLimit(), config.converterConcurrency);
  const gateway = createGateway({
    ...owners,
    conversions: owners.owned,
    authentication,
    settings: { ...config, version, mail: mailer !== undefined },
    hosts: { loopback, publicUrl },
    trustedProxies: config.trustedProxies,
    limits,
    log,
    ...(metrics === undefined ? {} : { onAnswer: metrics.countAnswer }),
    reachAll: () => reachAll(parts, authentication),
  });
  const server = await startServer(gateway.app, {
    host: config.host,
    port: config.port,
    log,
    connections: { ...limits.connections, trustedProxies: config.trustedProxies },
  });
  running.defer(() => server.close());
  running.defer(() => gateway.close());
  const mail = mailer && { mailer, authentication, url: publicUrl ?? server.url, host: mailHost(config) };
  running.use(await startNotifierService(parts, config, mail));
  say(`listening on ${server.url}`);
  if (!signal.aborted) await once(signal, 'abort');
}

/** Rejects with `unavailable` while a store or auth cannot be reached. */
async function reachAll(
  { conversions, videos, mp3s }: Pick<Parts, 'conversions' | 'videos' | 'mp3s'>,
  authentication: Authentication,
): Promise<void> {
  await Promise.all([
    conversions.get('nobody'),
    videos.stat('nobody'),
    mp3s.stat('nobody'),
    authentication.mailAddress('nobody'),
  ]);
}

/** A few collectors. Their descriptors are among those that the process keeps for itself. */
const metricsConnections = { perClient: 16, inAll: 16 };

/** Serves the metrics on their own port. */
async function serveMetrics(
  { metricsPort: port = 0, host, loopback, trustedProxies }: Config,
  route: Route,
  { authentication, log }: { readonly authentication: Authentication; readonly log: Logger },
): Promise<RunningServer> {
  const app = createApp({ routes: [route], authentication, hosts: { loopback }, trustedProxies, log });
  return await startServer(app, { host, port, log, connections: { ...metricsConnections, trustedProxies } });
}
