import { once } from 'node:events';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { type FfmpegBinaries, locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { openEmbeddedParts } from './embedded-parts.ts';
import { startGatewayListener } from './gateway-listener.ts';
import { startGatewayService } from './gateway-service.ts';
import { openMetrics, serveMetrics } from './metrics-server.ts';
import { openAuth } from './open-auth.ts';
import { openLog } from './open-log.ts';
import { mailHost, openMailer } from './open-mailer.ts';
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
  const metrics = await openMetrics(config);
  const opened = running.use(
    await openEmbeddedParts(config.dataFolder, log, {
      called: 'The data folder (--data or SOUNDLIFT_DATA)',
      ...(metrics === undefined ? {} : { onSkipped: metrics.countSkipped }),
    }),
  );
  const parts = metrics === undefined ? opened : { ...opened, onTransition: metrics.countTransition };
  const authentication = running.use(await openAuth(parts, config, mailer));
  if (metrics !== undefined) {
    const metricsServer = await serveMetrics(metrics, config, parts);
    running.defer(() => metricsServer.close());
    say(`metrics on ${metricsServer.url}/metrics`);
  }
  const owners = running.use(await startOwnerSide(parts, config));
  const converter = await startConverterService(parts, { ...config, binaries, whenFull: 'wait' });
  running.defer(() => converter.stop());
  const listener = await startGatewayListener(config, { log, places: config.converterConcurrency, handsOver: false });
  running.use(
    startGatewayService(listener, parts, config, {
      owners,
      authentication,
      version,
      mail: mailer !== undefined,
      ...(metrics === undefined ? {} : { onAnswer: metrics.countAnswer }),
    }),
  );
  const mail = mailer && { mailer, authentication, url: config.publicUrl ?? listener.url, host: mailHost(config) };
  running.use(await startNotifierService(parts, config, mail));
  say(`listening on ${listener.url}`);
  const ending = AbortSignal.any([signal, parts.broken]);
  if (!ending.aborted) await once(ending, 'abort');
  parts.broken.throwIfAborted();
}
