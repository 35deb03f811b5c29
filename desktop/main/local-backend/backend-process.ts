// The process in which this computer's backend runs, beside the app: told its settings and given a port by the first message.
import { pino } from 'pino';
import { startEmbedded } from '../../../backend/main/embedded.ts';
import { type BackendStart, backendStartSchema } from './backend-start.ts';
import { type ChannelPort, toFailure } from './channel-messages.ts';
import { serveChannel } from './serve-channel.ts';

/** Longer than a lecture that was left running over the weekend. */
const maxDurationSeconds = 7 * 24 * 3600;
/** What the app has not saved by then, nobody misses. */
const keepResultDays = 30;

process.parentPort.once('message', ({ data, ports: [given] }) => {
  if (given === undefined) throw new Error('the app has given no port');
  let isClosed = false;
  let tellClosed = (): void => {};
  // From now on: the app may be gone before the backend is there.
  given.on('close', () => {
    isClosed = true;
    tellClosed();
  });
  const port: ChannelPort = {
    post: (message) => given.postMessage(message),
    listen(onMessage, onClose) {
      tellClosed = onClose;
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
  try {
    const { dataFolder, ffmpegPath, atOnce: converterConcurrency } = start;
    const given = { dataFolder, converterConcurrency, ...(ffmpegPath === undefined ? {} : { ffmpegPath }) };
    const backend = await startEmbedded({ ...given, maxDurationSeconds, keepResultDays, waitsForSpace: true }, log);
    let ending: Promise<void> | undefined;
    const onEnd = (): void => {
      ending ??= Promise.resolve(backend[Symbol.asyncDispose]()).finally(() => process.exit(0));
    };
    const onDefect = (error: unknown): void => log.error({ err: error }, 'a call of the app failed');
    serveChannel({ channel: backend.channel, port, onPlaces: backend.setPlaces, onEnd, onDefect });
  } catch (error) {
    log.error({ err: error }, 'could not start');
    port.post({ type: 'broken', failure: toFailure(error) });
    // The message has to be on its way.
    setTimeout(() => process.exit(1), 200);
  }
}
