import type { Logger } from 'pino';
import type { LocalChannel } from '../../shared/local-channel.ts';
import type { Config } from '../config.ts';
import { locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { openEmbeddedParts } from './embedded-parts.ts';
import { createLocalChannel } from './local-channel.ts';
import { type ConverterSettings, startConverterService, startNotifierService, startOwnerSide } from './services.ts';
import { stopInTime } from './stop-in-time.ts';

/** The settings of the embedded backend. */
export interface EmbeddedSettings
  extends Omit<ConverterSettings, 'binaries'>,
    Pick<Config, 'dataFolder' | 'ffmpegPath'> {
  /** Whether the data folder is not used after this process. */
  readonly temporary?: boolean;
}

/** The embedded backend without a gateway. It can be reached only over its private channel. */
export interface EmbeddedBackend extends AsyncDisposable {
  readonly channel: LocalChannel;
  /** Changes how many conversions run at once. Running conversions continue. */
  readonly setPlaces: (places: number) => void;
  /** Fires if the backend cannot be used any more, so that this process must end. The reason is an AppError. */
  readonly broken: AbortSignal;
}

/**
 * Starts the embedded backend: locks its data folder, resumes the work that was in progress when its last process ended, and
 * converts. Disposing of it gives running conversions back and releases the folder; it throws as `stopInTime` does. Throws
 * `data_in_use` while another server has the folder, `data_unusable` or `unsupported` if it cannot be used, `unavailable` if there is
 * no ffmpeg.
 */
export async function startEmbedded(settings: EmbeddedSettings, log: Logger): Promise<EmbeddedBackend> {
  const binaries = await locateFfmpeg({
    searchPath: process.env['PATH'] ?? '',
    ffmpegPath: settings.ffmpegPath,
  });
  await using started = new AsyncDisposableStack();
  const parts = started.use(await openEmbeddedParts(settings.dataFolder, log, settings));
  const owners = started.use(await startOwnerSide(parts, settings));
  started.use(await startNotifierService(parts, settings));
  const converter = await startConverterService(parts, { ...settings, binaries });
  started.defer(() => converter.stop());
  const running = started.move();
  return {
    channel: createLocalChannel(owners),
    setPlaces: (places) => converter.setPlaces(places),
    broken: parts.broken,
    [Symbol.asyncDispose]: () => stopInTime(running),
  };
}
