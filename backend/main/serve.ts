import { once } from 'node:events';
import { pino } from 'pino';
import type { Config } from '../config.ts';
import { locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createApp } from '../http/app.ts';
import type { Authentication } from '../http/authentication.ts';
import { startServer } from '../http/server.ts';
import { openEmbeddedParts } from './embedded-parts.ts';
import { limitYoungMemory } from './limit-young-memory.ts';
import type { Metrics } from './metrics.ts';
import { mailHost, openMailer } from './open-mailer.ts';
import type { Parts } from './parts.ts';
import { openAuth, startConverterService, startNotifierService, startOwnerSide } from './services.ts';

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
  const binaries = await locateFfmpeg({
    searchPath: process.env['PATH'] ?? '',
    ...(config.ffmpegPath === undefined ? {} : { ffmpegPath: config.ffmpegPath }),
  });
  await using running = new AsyncDisposableStack();
  const mailer = await openMailer(config);
  running.defer(() => mailer?.close());
  const parts = running.use(await openEmbeddedParts(config.dataFolder, log));
  const authentication = await openAuth(parts, config, mailer);
  const metrics = await startMetrics(config, { parts, authentication });
  running.defer(() => metrics?.[Symbol.asyncDispose]());
  if (metrics !== undefined) say(`metrics on ${metrics.url}/metrics`);
  const owners = running.use(await startOwnerSide(parts, config));
  const converter = await startConverterService(parts, { ...config, binaries, waitsForSpace: true });
  running.defer(() => converter.stop());
  const { loopback, publicUrl, signUp, maxUploadBytes, maxDurationSeconds } = config;
  const gateway = createGateway({
    ...owners,
    conversions: owners.owned,
    authentication,
    settings: { version, signUp, mail: mailer !== undefined, maxUploadBytes, maxDurationSeconds },
    hosts: { loopback, ...(publicUrl === undefined ? {} : { publicUrl }) },
    trustedProxies: config.trustedProxies,
    log,
    ...(metrics === undefined ? {} : { onAnswer: metrics.countAnswer }),
    reachAll: () => reachAll(parts, authentication),
  });
  const server = await startServer(gateway.app, { host: config.host, port: config.port, log });
  running.defer(() => server.close());
  running.defer(() => gateway.close());
  const mail = mailer && { mailer, authentication, url: publicUrl ?? server.url, host: mailHost(config) };
  const notifier = await startNotifierService(parts, config, mail);
  running.defer(() => notifier.stop());
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

interface RunningMetrics extends AsyncDisposable, Pick<Metrics, 'countAnswer'> {
  readonly url: string;
}

/** Serves the metrics on their own port, if the settings name one. */
async function startMetrics(
  { metricsPort: port, host, loopback, trustedProxies }: Config,
  { parts, authentication }: { readonly parts: Parts; readonly authentication: Authentication },
): Promise<RunningMetrics | undefined> {
  if (port === undefined) return undefined;
  // Loaded only when needed: it takes tens of megabytes of memory.
  const { createMetrics } = await import('./metrics.ts');
  const { log } = parts;
  const metrics = createMetrics({ store: parts.conversions, events: parts.events });
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
