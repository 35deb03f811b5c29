import { once } from 'node:events';
import type { Logger } from 'pino';
import { openLimits } from '../client-limits.ts';
import { type Config, isLoopbackHost } from '../config.ts';
import { type FfmpegBinaries, locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createApp } from '../http/app.ts';
import type { Authentication } from '../http/authentication.ts';
import type { Route } from '../http/routes.ts';
import { type RunningServer, startServer } from '../http/server.ts';
import { descriptorLimit } from './descriptor-limit.ts';
import { openEmbeddedParts } from './embedded-parts.ts';
import { openAuth } from './open-auth.ts';
import { openLog } from './open-log.ts';
import { mailHost, openMailer } from './open-mailer.ts';
import { reachAll } from './reach-all.ts';
import { startConverterService, startNotifierService, startOwnerSide } from './services.ts';
import { stopInTime } from './stop-in-time.ts';

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
 * Runs the embedded backend with its HTTP interface until `signal` fires. Throws an AppError if it cannot start, or cannot go on:
 * `data_in_use`, `unavailable`, and `invalid` for a host that this computer does not have. Throws as
 * `stopInTime` does.
 */
export async function serve({ config, version, say, signal }: ServeOptions): Promise<void> {
  const log = openLog(config.logLevel);
  const binaries = await locateFfmpeg({
    searchPath: process.env['PATH'] ?? '',
    ffmpegPath: config.ffmpegPath,
  });
  const running = new AsyncDisposableStack();
  try {
    await run(running, { config, version, say, signal, binaries, log });
  } finally {
    await stopInTime(running);
  }
}

interface RunOptions extends ServeOptions {
  readonly binaries: FfmpegBinaries;
  readonly log: Logger;
}

/** Runs until the signal fires. Whatever it starts is added to `running`. */
async function run(running: AsyncDisposableStack, options: RunOptions): Promise<void> {
  const { config, version, say, signal, binaries, log } = options;
  const mailer = await openMailer(config);
  running.defer(() => mailer?.close());
  // Loaded only when needed: it takes tens of megabytes of memory.
  const metrics = config.metricsPort === undefined ? undefined : (await import('./metrics.ts')).createMetrics();
  const opened = running.use(
    await openEmbeddedParts(config.dataFolder, log, {
      called: 'The data folder (--data or SOUNDLIFT_DATA)',
      ...(metrics === undefined ? {} : { onSkipped: metrics.countSkipped }),
    }),
  );
  const parts = metrics === undefined ? opened : { ...opened, onTransition: metrics.countTransition };
  const authentication = await openAuth(parts, config, mailer);
  if (metrics !== undefined) {
    const metricsServer = await serveMetrics(config, metrics.route(parts.conversions), { authentication, log });
    running.defer(() => metricsServer.close());
    say(`metrics on ${metricsServer.url}/metrics`);
  }
  const owners = running.use(await startOwnerSide(parts, config));
  const converter = await startConverterService(parts, { ...config, binaries, whenFull: 'wait' });
  running.defer(() => converter.stop());
  const { loopback, publicUrl } = config;
  const limits = openLimits(descriptorLimit(), config.converterConcurrency);
  const gateway = createGateway({
    ...owners,
    conversions: owners.owned,
    events: parts.events,
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
  const ending = AbortSignal.any([signal, parts.broken]);
  if (!ending.aborted) await once(ending, 'abort');
  parts.broken.throwIfAborted();
}

/** A few collectors. Their descriptors are among those that the process keeps for itself. */
const metricsConnections = { perClient: 16, inAll: 16 };

/** Serves the metrics on their own host and port. */
async function serveMetrics(
  { metricsPort: port = 0, metricsHost: host, trustedProxies }: Config,
  route: Route,
  { authentication, log }: { readonly authentication: Authentication; readonly log: Logger },
): Promise<RunningServer> {
  const hosts = { loopback: isLoopbackHost(host) };
  const app = createApp({ routes: [route], authentication, hosts, trustedProxies, log });
  const settings = { host: 'METRICS_HOST', port: 'METRICS_PORT' };
  return await startServer(app, {
    ...{ host, port, settings, log },
    connections: { ...metricsConnections, trustedProxies },
  });
}
