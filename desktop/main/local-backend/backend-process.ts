// The process in which this computer's backend runs, beside the app. The first message brings its settings and a port.
import { pino } from 'pino';
import { startEmbedded } from '../../../backend/main/embedded.ts';
import { type BackendStart, backendStartSchema } from './backend-start.ts';
import { aliveEverySeconds, type ChannelAnswer, type ChannelPort, toFailure } from './channel-messages.ts';
import { serveChannel } from './serve-channel.ts';

/** Longer than any real recording, even one that was left running over a weekend. */
const maxDurationSeconds = 7 * 24 * 3600;
/** By then, the app has saved the MP3 or the person no longer wants it. */
const keepResultDays = 30;

process.parentPort.once('message', ({ data, ports: [given] }) => {
  if (given === undefined) throw new Error('the app sent no port');
  let isClosed = false;
  let onPortClose = (): void => {};
  // Added at once, because the app may close the port before the backend has started.
  given.on('close', () => {
    isClosed = true;
    onPortClose();
  });
  const port: ChannelPort = {
    post: (message) => given.postMessage(message),
    listen(onMessage, onClose) {
      onPortClose = onClose;
      given.on('message', (event) => onMessage(event.data));
      given.start();
      if (isClosed) onClose();
    },
    close: () => given.close(),
  };
  void run(backendStartSchema.parse(data), port);
});

async function run(start: BackendStart, port: ChannelPort): Promise<void> {
  const log = pino({ level: start.logLevel });
  const alive: ChannelAnswer = { type: 'alive' };
  // Also while it starts: the migration of a large database takes minutes, in another thread.
  setInterval(() => port.post(alive), aliveEverySeconds * 1000).unref();
  try {
    const { dataFolder, ffmpegPath, atOnce: converterConcurrency } = start;
    const given = { dataFolder, ffmpegPath, converterConcurrency };
    const backend = await startEmbedded({ ...given, maxDurationSeconds, keepResultDays, whenFull: 'wait' }, log);
    let ending: Promise<void> | undefined;
    const onEnd = (): void => {
      ending ??= Promise.resolve(backend[Symbol.asyncDispose]()).finally(() => process.exit(0));
    };
    const onDefect = (error: unknown): void => log.error({ err: error }, 'a call of the app failed');
    // The app starts it again.
    backend.broken.addEventListener('abort', () => {
      log.error({ err: backend.broken.reason as unknown }, 'cannot go on');
      process.exit(1);
    });
    serveChannel({ channel: backend.channel, port, onPlaces: backend.setPlaces, onEnd, onDefect });
  } catch (error) {
    log.error({ err: error }, 'could not start');
    port.post({ type: 'broken', failure: toFailure(error) });
    // The message must be sent before the process ends.
    setTimeout(() => process.exit(1), 200);
  }
}
